"""Whether what was promised is kept: the budget of downtime in hours, what is used and left."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from api.access import needs
from api.rows import Conditions
from api.ui import shell
from api.ui.groups import Group, read_groups
from api.ui.shell import Form, PageRoute, Reader
from api.ui.words import State, address, day

router = APIRouter(prefix="/ui", route_class=PageRoute)

_ROWS = 50
_CHOICES_MAX = 200
# In the order in which they ask for attention.
STATES = {
    "missed": State("missed", "✕", "down"),
    "few": State("not enough polls", "?", "unknown"),
    "kept": State("kept", "✓", "up"),
}
# A target counts as kept or missed where the polls bear out at least half.
_STATE = """
case when is_met is null or not is_enough then 'few' when is_met then 'kept' else 'missed' end
"""
_PLACE = f"list_position(['missed', 'few', 'kept'], {_STATE})"
_WHENS = {"running": "running now", "over": "over", "all": "all"}
_ORDERS = {
    "worst": ("worst first", f"{_PLACE}, error_budget_left_minutes, started_on desc"),
    "newest": ("newest first", f"started_on desc, {_PLACE}, error_budget_left_minutes"),
    "target": ("by target", "attribute, value"),
}
# So that no row changes its place.
_LAST = "attribute, value, calendar_period, target_ratio, started_on desc"
When = Literal["running", "over", "all"]
Sort = Literal["worst", "newest", "target"]


@dataclass(frozen=True)
class Budget:
    """How much of the bar is used within the budget and beyond it, and where the budget ends."""

    used: float
    over: float
    end: float


@router.get("/targets")
@needs("read", every_store=True)
async def show(
    request: Request,
    when: When = "running",
    state: Annotated[list[str] | None, Query()] = None,
    target: str | None = None,
    each: str | None = None,
    sort: Sort = "worst",
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    form: Annotated[Form, Query(alias="format")] = "html",
) -> Response:
    """Show targets; `target` is `all`, or an attribute and its value, such as `region:East`."""
    chosen = [name for name in state or () if name in STATES]
    group = Group("all", "") if target == "all" else next(iter(read_groups([target or ""])), None)
    asked: dict[str, Any] = {
        "when": None if when == "running" else when,
        "state": chosen or None,
        "target": target or None,
        "each": each or None,
        "sort": None if sort == "worst" else sort,
    }

    # The address of this list, with something else asked of it.
    link = partial(address, "targets", **asked)
    if "" in request.query_params.values() or len(chosen) < len(state or ()):
        # What a form sends of fields that were left empty.
        return RedirectResponse(link(), 303)

    listed, order = _conditions(when, group, each, chosen), f"{_ORDERS[sort][1]}, {_LAST}"
    if form == "csv":
        return await shell.file(request, "targets", lambda _: (listed, order))

    def ask(reader: Reader) -> dict[str, Any]:
        return {
            **_list(reader, _conditions(when, group, each), listed, order, page),
            **_choices(reader),
            "states": STATES,
            "chosen": chosen,
            "when": when,
            "whens": _WHENS,
            "target": target,
            "each": each,
            "sort": sort,
            "orders": {name: words for name, (words, _) in _ORDERS.items()},
            "is_filtered": any(asked[name] for name in ("state", "target", "each")),
            "page": page,
            "link": link,
        }

    return await shell.page(request, "targets.html", ask)


def _conditions(
    when: When, group: Group | None, each: str | None, chosen: Sequence[str] = ()
) -> Conditions:
    conditions = Conditions()
    if when != "all":
        conditions.add("is_running = ?", when == "running")
    if group is not None:
        conditions.add("attribute = ?", group.attribute)
        if group.value:
            conditions.add("value = ?", group.value)
    if each:
        conditions.add("calendar_period = ?", each)
    if chosen:
        conditions.add(f"list_contains(?::varchar[], {_STATE})", list(chosen))
    return conditions


def _list(
    reader: Reader, counted: Conditions, listed: Conditions, order: str, page: int
) -> dict[str, Any]:
    counts = reader.rows(
        f"""
        select {_STATE} as state, count(*) as targets
        from target_attainment
        where {counted.sql}
        group by state
        """,
        *counted.values,
    )
    by_state = {row["state"]: row["targets"] for row in counts}
    source = f"""(
        select
            *,
            {_STATE} as state,
            error_budget_minutes * 60 as allowed_seconds,
            error_budget_left_minutes * 60 as left_seconds,
            longest_outage_allowed_minutes * 60 as longest_seconds
        from target_attainment
    )"""
    targets, part = reader.part(source, listed, order, page, _ROWS)
    for row in targets:
        row["period_words"] = period_words(row["calendar_period"], row["started_on"])
        row["budget"] = budget(row["allowed_seconds"], row["downtime_seconds"])
    return {
        "counts": {name: by_state.get(name, 0) for name in STATES},
        "targets": targets,
        **part,
    }


def _choices(reader: Reader) -> dict[str, Any]:
    """Return the groups and the lengths of period that there are targets for."""
    groups = reader.rows(
        f"""
        select distinct attribute, value
        from target_attainment
        order by attribute <> 'all', attribute, value
        limit {_CHOICES_MAX}
        """
    )
    lengths = reader.rows("select distinct calendar_period as name from target_attainment")
    order = ("day", "week", "month", "quarter", "year")
    return {
        "groups": groups,
        "lengths": sorted((row["name"] for row in lengths), key=order.index),
    }


def period_words(length: str, started_on: date) -> str:
    """Return which calendar period it is that begins on a date."""
    match length:
        case "day":
            return f"{day(started_on)} {started_on:%Y}"
        case "week":
            return f"week from {day(started_on)} {started_on:%Y}"
        case "month":
            return f"{started_on:%B %Y}"
        case "quarter":
            return f"quarter {(started_on.month + 2) // 3} of {started_on:%Y}"
        case _:
            return f"{started_on:%Y}"


def budget(allowed_seconds: float, used_seconds: float) -> Budget:
    """Return where a budget and what is used of it end, on a bar from 0 to 100."""
    longest = max(allowed_seconds, used_seconds) or 1
    end = 100 * allowed_seconds / longest
    used = 100 * used_seconds / longest
    return Budget(round(min(used, end), 2), round(max(used - end, 0), 2), round(end, 2))
