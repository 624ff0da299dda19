"""Who needs a call: the stores that are down, silent or unknown, longest first."""

from datetime import timedelta
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse

from api.errors import quoted
from api.reading import allowed_stores
from api.rows import Conditions
from api.ui import charts, shell
from api.ui.clocks import UTC_CLOCK
from api.ui.groups import IN_GROUP, Group, attributes_of, read_groups
from api.ui.shell import Form, PageRoute, Reader
from api.ui.words import STATES, address

router = APIRouter(prefix="/ui", route_class=PageRoute)

_ROWS, _ROWS_ON_WALL = 50, 14
_STRIP_WIDTH = 192
_NEED_A_CALL = ("down", "not heard from", "unknown")
_DAY = timedelta(days=1)
_ORDERS = {
    "longest": ("longest first", "urgency, seconds_in_status desc nulls last, store_id"),
    "newest": ("newest first", "urgency, seconds_in_status nulls last, store_id"),
    "lost": ("most lost in 24 h", "day_downtime_seconds desc, store_id"),
    "week": ("worst week first", "week_downtime_seconds desc, store_id"),
    "store": ("by store", "store_id"),
}
Sort = Literal["longest", "newest", "lost", "week", "store"]


@router.get("/")
async def show(
    request: Request,
    status: Annotated[list[str] | None, Query()] = None,
    group: Annotated[list[str] | None, Query()] = None,
    sort: Sort = "longest",
    polls: Annotated[int, Query(ge=1, le=2)] = 1,
    by: str | None = None,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    view: Literal["list", "wall"] = "list",
    form: Annotated[Form, Query(alias="format")] = "html",
) -> Response:
    """Show the board; `group` is an attribute and its value, such as `region:East`."""
    for name in status or ():
        if name not in STATES:
            raise HTTPException(422, f"status: {quoted(name)} is none of {', '.join(STATES)}.")
    groups = read_groups(group)

    # The address of this board, with something else asked of it.
    link = partial(
        address,
        "./",
        status=status,
        group=[str(each) for each in groups] or None,
        sort=None if sort == "longest" else sort,
        polls=None if polls == 1 else polls,
        by=by or None,
        view=None if view == "list" else view,
    )
    if "" in (group or ()) or by == "":
        # What a form sends of fields that were left empty.
        return RedirectResponse(link(), 303)
    asked = {"status": status, "groups": groups, "sort": sort, "polls": polls, "by": by}
    if by and allowed_stores(request) is not None:
        raise HTTPException(403, "Groups are about all stores, and your token is for some.")
    if form == "csv" and by:
        return await shell.file(request, "group_status", lambda _: _of_attribute(by))
    if form == "csv":
        return await shell.file(
            request,
            "store_board",
            lambda reader: (_listed(reader, asked), _ORDERS[sort][1]),
        )

    def ask(reader: Reader) -> dict[str, Any]:
        return {
            **_tiles(reader, groups, polls),
            **(_values(reader, by) if by else _stores(reader, asked, page, view)),
            **_warnings(reader),
            "attributes": attributes_of(reader, groups),
            "asked": asked,
            "chosen": status or (),
            "need_a_call": _NEED_A_CALL,
            "orders": {name: words for name, (words, _) in _ORDERS.items()},
            "by": by,
            "page": page,
            "view": view,
            "link": link,
            "strip_width": _STRIP_WIDTH,
        }

    return await shell.page(request, "board.html", ask)


def _conditions(reader: Reader, groups: list[Group], polls: int) -> Conditions:
    conditions = Conditions()
    conditions.add_stores(reader.stores)
    for each in groups:
        conditions.add(IN_GROUP, each.attribute, each.value)
    if polls > 1:
        conditions.add("current_status <> 'down' or polls_in_status >= ?", polls)
    return conditions


def _tiles(reader: Reader, groups: list[Group], polls: int) -> dict[str, Any]:
    conditions = _conditions(reader, groups, polls)
    found = reader.rows(
        f"""
        select current_status, count(*) as stores
        from store_board
        where {conditions.sql}
        group by current_status
        """,
        *conditions.values,
    )
    counts = {each["current_status"]: each["stores"] for each in found}
    return {"counts": {name: counts.get(name, 0) for name in STATES}}


def _listed(reader: Reader, asked: dict[str, Any]) -> Conditions:
    conditions = _conditions(reader, asked["groups"], asked["polls"])
    conditions.add(
        "list_contains(?::varchar[], current_status)", list(asked["status"] or _NEED_A_CALL)
    )
    return conditions


def _stores(reader: Reader, asked: dict[str, Any], page: int, view: str) -> dict[str, Any]:
    conditions = _listed(reader, asked)
    rows = _ROWS_ON_WALL if view == "wall" else _ROWS
    stores, part = reader.part("store_board", conditions, _ORDERS[asked["sort"]][1], page, rows)
    return {
        "stores": stores,
        **part,
        **_last_day(reader, [store["store_id"] for store in stores]),
    }


def _last_day(reader: Reader, store_ids: list[str]) -> dict[str, Any]:
    """Return the clocks of stores, and what they did in the last 24 hours."""
    clocks = reader.clocks(store_ids)
    conditions = Conditions()
    conditions.add_stores(store_ids)
    conditions.add("ended_at > ?", reader.as_of - _DAY)
    stretches = reader.stretches(conditions)
    strips = {
        store_id: charts.strip(
            stretches.get(store_id, ()),
            reader.as_of - _DAY,
            reader.as_of,
            _STRIP_WIDTH,
            clocks.get(store_id, UTC_CLOCK),
            reader.times,
        )
        for store_id in store_ids
    }
    return {"clocks": clocks, "strips": strips}


def _values(reader: Reader, attribute: str) -> dict[str, Any]:
    """Return the values of an attribute, those with the most trouble first."""
    conditions, order = _of_attribute(attribute)
    values = reader.rows(
        f"select * from group_status where {conditions.sql} order by {order} limit 500",
        *conditions.values,
    )
    if not values:
        raise HTTPException(404, f"There is no attribute {quoted(attribute)} to group by.")
    return {"values": values}


def _of_attribute(attribute: str) -> tuple[Conditions, str]:
    conditions = Conditions()
    conditions.add("attribute = ?", attribute)
    return conditions, (
        "worst_urgency, down desc, not_heard_from desc, longest_down_seconds desc nulls last, "
        "value nulls last"
    )


def _warnings(reader: Reader) -> dict[str, Any]:
    """Return the last day's silences of the poller, and when many stores failed at once."""
    if reader.stores is not None:
        return {"silences": [], "causes": []}
    since = reader.as_of - _DAY
    return {
        "silences": reader.rows(
            """
            select * from poll_gaps
            where coalesce(ended_at > ?, true)
            order by started_at desc
            limit 3
            """,
            since,
        ),
        # Of stores that are in several groups at once, the smallest group tells most.
        "causes": reader.rows(
            """
            select * from common_causes
            where first_seen_at > ?
            qualify row_number() over (
                partition by first_seen_at order by share_of_stores desc, attribute, value
            ) = 1
            order by first_seen_at desc
            limit 3
            """,
            since,
        ),
    }
