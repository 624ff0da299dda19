"""Finding a store by its id or whatever else is known of it."""

import json
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
        stores = _found(reader, sought, page) if sought else []
        for store in stores:
            store["attributes"] = json.loads(store["attributes"] or "{}")
        return {
            "q": q,
            "stores": stores[:_ROWS],
            "clocks": reader.clocks([each["store_id"] for each in stores]),
            "has_more": len(stores) > _ROWS,
            "page": page,
            "first": (page - 1) * _ROWS + 1,
            "link": lambda **other: address("search", q=q, **other),
        }

    return await shell.page(request, "search.html", ask)


def _conditions(reader: Reader, sought: str) -> Conditions:
    conditions = Conditions()
    if reader.stores is not None:
        conditions.add("store_id in (select unnest(?::varchar[]))", reader.stores)
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


def _found(reader: Reader, sought: str, page: int) -> list[dict[str, Any]]:
    conditions = _conditions(reader, sought)
    # A store of that very id comes first.
    return reader.rows(
        f"""
        select
            store_id, timezone, current_status, since_at, seconds_in_status, attributes
        from store_board
        where {conditions.sql}
        order by store_id <> ?, {_ORDER}
        limit {_ROWS + 1} offset {(page - 1) * _ROWS}
        """,
        *conditions.values,
        sought,
    )
