"""Finding a store by its id or whatever else is known of it."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from api.rows import Conditions
from api.ui import shell
from api.ui.shell import Form, PageRoute, Reader
from api.ui.words import address

router = APIRouter(prefix="/ui", route_class=PageRoute)

_ROWS = 50
_ORDER = "urgency, store_id"


@router.get("/search")
async def show(
    request: Request,
    q: Annotated[str, Query(max_length=1000)] = "",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    form: Annotated[Form, Query(alias="format")] = "html",
) -> Response:
    """Show the stores of which the id or an attribute has this text; of a full id that one."""
    sought = q.strip()
    if form == "csv" and sought:
        return await shell.file(
            request, "store_board", lambda reader: (_conditions(reader, sought), _ORDER)
        )

    def ask(reader: Reader) -> dict[str, Any]:
        stores, part = [], {"has_more": False, "first": 1}
        if sought:
            # A store of that very id comes first.
            order = f"store_id <> ?, {_ORDER}"
            stores, part = reader.part(
                "store_board", _conditions(reader, sought), order, page, _ROWS, sought
            )
        return {
            "q": q,
            "stores": stores,
            "clocks": reader.clocks([each["store_id"] for each in stores]),
            "page": page,
            **part,
            "link": partial(address, "search", q=q),
        }

    return await shell.page(request, "search.html", ask)


def _conditions(reader: Reader, sought: str) -> Conditions:
    conditions = Conditions()
    conditions.add_stores(reader.stores)
    conditions.add(
        """
        contains(lower(store_id), lower(?))
        or store_id in (
            select store_id from store_groups
            where attribute <> 'store_id' and contains(lower(value), lower(?))
        )
        """,
        sought,
        sought,
    )
    return conditions
