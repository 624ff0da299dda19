"""Every outage with the polls that bound it: the longest first, of a period, a group or a store."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse

from api.reading import refuse_other_stores
from api.rows import Conditions
from api.ui import charts, shell
from api.ui.clocks import UTC_CLOCK
from api.ui.groups import EMPTY_IS_NONE, IN_GROUP, Group, attributes_of, read_groups
from api.ui.shell import Form, PageRoute, Reader
from api.ui.words import address

router = APIRouter(prefix="/ui", route_class=PageRoute)

_ROWS = 50
_STRIP_WIDTH = 176
_PERIODS = {
    "day": ("last 24 hours", timedelta(days=1)),
    "week": ("last 7 days", timedelta(days=7)),
    "month": ("last 28 days", timedelta(days=28)),
    "all": ("all that is known", None),
}
_ORDERS = {
    "longest": ("longest first", "wall_seconds desc, started_at desc, store_id"),
    "newest": ("newest first", "started_at desc, store_id"),
    "lost": (
        "most lost in hours",
        "business_seconds_lost desc, started_at desc, store_id",
    ),
    "store": ("by store", "store_id, started_at desc"),
}
# In minutes.
_LEAST = (15, 30, 60, 120, 240, 720, 1440)
Period = Literal["day", "week", "month", "all"]
Sort = Literal["longest", "newest", "lost", "store"]


@router.get("/outages")
async def show(
    request: Request,
    group: Annotated[list[str] | None, Query()] = None,
    store: str = "",
    least: Annotated[int | None, Query(ge=0, le=1_000_000), EMPTY_IS_NONE] = None,
    period: Period = "week",
    begin: Annotated[date | None, Query(alias="from"), EMPTY_IS_NONE] = None,
    end: Annotated[date | None, Query(alias="to"), EMPTY_IS_NONE] = None,
    lasting: bool | None = None,
    sort: Sort = "longest",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    form: Annotated[Form, Query(alias="format")] = "html",
) -> Response:
    """Show outages; `least` is in minutes, `from` and `to` are dates in UTC, both included."""
    groups = read_groups(group)
    store_id = store.strip()
    least = least or 0
    if begin and end and begin > end:
        raise HTTPException(422, f"from: {begin} is after {end}, the last date.")
    asked: dict[str, Any] = {
        "group": [str(each) for each in groups] or None,
        "store": store_id or None,
        "least": least or None,
        # Dates say more than a period.
        "period": None if begin or end or period == "week" else period,
        "from": begin,
        "to": end,
        "lasting": None if lasting is None else str(lasting).lower(),
        "sort": None if sort == "longest" else sort,
    }

    # The address of this list, with something else asked of it.
    link = partial(address, "outages", **asked)
    if "" in request.query_params.values():
        # What a form sends of fields that were left empty.
        return RedirectResponse(link(), 303)
    refuse_other_stores(request, [store_id] if store_id else [])

    def all_or(lasting: bool | None, reader: Reader) -> Conditions:
        window = _window(reader.as_of, period, begin, end)
        return _conditions(reader, groups, store_id, least, window, lasting)

    if form == "csv":
        return await shell.file(
            request, "outages", lambda reader: (all_or(lasting, reader), _ORDERS[sort][1])
        )

    def ask(reader: Reader) -> dict[str, Any]:
        return {
            **_list(reader, all_or(None, reader), all_or(lasting, reader), sort, page),
            "is_known": not store_id or _is_known(reader, store_id),
            "attributes": attributes_of(reader, groups),
            "groups": groups,
            "store": store_id,
            "least": least,
            "leasts": sorted({*_LEAST, least} - {0}),
            "period": "" if begin or end else period,
            "periods": {name: words for name, (words, _) in _PERIODS.items()},
            "begin": begin,
            "end": end,
            "lasting": lasting,
            "sort": sort,
            "orders": {name: words for name, (words, _) in _ORDERS.items()},
            "is_filtered": any(asked[name] for name in asked if name != "sort"),
            "page": page,
            "link": link,
            "strip_width": _STRIP_WIDTH,
        }

    return await shell.page(request, "outages.html", ask)


Window = tuple[datetime | None, datetime | None]


def _window(as_of: datetime, period: Period, begin: date | None, end: date | None) -> Window:
    """Return from when on and until when outages are shown, None for no limit."""
    if begin or end:
        midnight = datetime.min.time()
        return (
            begin and datetime.combine(begin, midnight),
            end and datetime.combine(end, midnight) + timedelta(days=1),
        )
    length = _PERIODS[period][1]
    return length and as_of - length, None


def _conditions(
    reader: Reader,
    groups: list[Group],
    store_id: str,
    least: int,
    window: Window,
    lasting: bool | None,
) -> Conditions:
    conditions = Conditions()
    conditions.add_stores(reader.stores)
    if store_id:
        conditions.add_stores([store_id])
    for each in groups:
        conditions.add(IN_GROUP, each.attribute, each.value)
    if least:
        conditions.add("wall_seconds >= ?", least * 60)
    started_at, ended_at = window
    if started_at is not None:
        conditions.add("coalesce(ended_at > ?, true)", started_at)
    if ended_at is not None:
        conditions.add("started_at < ?", ended_at)
    if lasting is not None:
        conditions.add("is_end_cut = ?", lasting)
    return conditions


def _list(
    reader: Reader, counted: Conditions, listed: Conditions, sort: Sort, page: int
) -> dict[str, Any]:
    counts = reader.rows(
        f"""
        select is_end_cut, count(*) as outages
        from outages
        where {counted.sql}
        group by is_end_cut
        """,
        *counted.values,
    )
    outages, part = reader.part("outages", listed, _ORDERS[sort][1], page, _ROWS)
    by_end = {each["is_end_cut"]: each["outages"] for each in counts}
    return {
        "counts": {is_lasting: by_end.get(is_lasting, 0) for is_lasting in (True, False)},
        "outages": outages,
        **part,
        **_about(reader, outages),
    }


def _about(reader: Reader, outages: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the clocks and attributes of the stores, and what was known around each outage."""
    if not outages:
        return {"clocks": {}, "stores": {}, "strips": []}
    store_ids = sorted({each["store_id"] for each in outages})
    clocks = reader.clocks(store_ids)
    conditions = Conditions()
    conditions.add_stores(store_ids)
    stores = reader.rows(
        f"select store_id, timezone, attributes from store_board where {conditions.sql}",
        *conditions.values,
    )
    # From the last poll that says up to the first one that says so again.
    spans = [
        (
            each["last_seen_up_at"] or each["started_at"],
            each["first_seen_up_at"] or reader.as_of,
        )
        for each in outages
    ]
    conditions.add("ended_at > ?", min(started_at for started_at, _ in spans))
    conditions.add("started_at < ?", max(ended_at for _, ended_at in spans))
    stretches = reader.stretches(conditions)
    return {
        "clocks": clocks,
        "stores": {
            each["store_id"]: [
                *filter(None, each["attributes"].values()),
                each["timezone"],
            ]
            for each in stores
        },
        "strips": [
            charts.strip(
                stretches.get(each["store_id"], ()),
                started_at,
                ended_at,
                _STRIP_WIDTH,
                clocks.get(each["store_id"], UTC_CLOCK),
                reader.times,
            )
            for each, (started_at, ended_at) in zip(outages, spans, strict=True)
        ],
    }


def _is_known(reader: Reader, store_id: str) -> bool:
    return reader.row("select 1 from stores where store_id = ?", store_id) is not None
