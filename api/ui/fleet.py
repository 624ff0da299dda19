"""The fleet: is it getting better, when is it worst, and where."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse

from api.access import needs
from api.errors import quoted
from api.ui import charts, shell
from api.ui.groups import IN_GROUP, Group, attributes_of, read_groups
from api.ui.shell import PageRoute, Reader
from api.ui.words import address

router = APIRouter(prefix="/ui", route_class=PageRoute)

_TREND_WIDTH, _TREND_HEIGHT = 900, 180
_TREND_DAYS, _CALENDAR_DAYS = 28, 91
_WORST = 10
_OF_ATTRIBUTE = 12
_FIGURES = """
    business_seconds, uptime_seconds, downtime_seconds, unknown_seconds, uptime_ratio,
    least_uptime_ratio, most_uptime_ratio, confirmed_ratio, is_enough
"""


@router.get("/fleet")
@needs("read", every_store=True)
async def show(request: Request, group: Annotated[list[str] | None, Query()] = None) -> Response:
    """Show all stores together, or those of one group, such as `region:East`."""
    groups = read_groups(group)
    if len(groups) > 1 or "" in (group or ()):
        # Groups overlap in ways that no table sums up, so one at a time: the last that was chosen.
        return RedirectResponse(address("fleet", group=str(groups[-1]) if groups else None), 303)
    chosen = groups[0] if groups else None

    def ask(reader: Reader) -> dict[str, Any]:
        return {
            "chosen": chosen,
            **_periods(reader, chosen),
            **_days(reader, chosen),
            **_worst(reader, chosen),
            "attributes": attributes_of(reader, groups),
            "by_attribute": _by_attribute(reader),
            "link": partial(address, "fleet"),
        }

    return await shell.page(request, "fleet.html", ask)


def _key(chosen: Group | None) -> tuple[str, str | None]:
    return (chosen.attribute, chosen.value) if chosen else ("all", None)


def _periods(reader: Reader, chosen: Group | None) -> dict[str, Any]:
    periods = reader.rows(
        f"""
        select period, started_at, ended_at, stores, {_FIGURES}
        from fleet_periods
        where attribute = ? and value is not distinct from ?
        order by ended_at desc, started_at desc
        """,
        *_key(chosen),
    )
    if not periods:
        raise HTTPException(404, f"No store has {quoted(str(chosen))}.")
    by_name = {each["period"]: each for each in periods}
    return {"periods": periods, "last_week": by_name["last_week"], "before": by_name["week_before"]}


def _days(reader: Reader, chosen: Group | None) -> dict[str, Any]:
    days = reader.rows(
        f"""
        select date, stores, {_FIGURES}
        from daily_group_uptime
        where
            attribute = ? and value is not distinct from ?
            and date > ?::timestamp::date - {_CALENDAR_DAYS}
        order by date
        """,
        *_key(chosen),
        reader.as_of,
    )
    hours = reader.rows(
        """
        select
            day_of_week, hour, business_seconds, uptime_seconds, downtime_seconds,
            unknown_seconds, uptime_ratio, is_enough, as_of
        from group_hour_of_week
        where attribute = ? and value is not distinct from ?
        order by day_of_week, hour
        """,
        *_key(chosen),
    )
    cells, months = charts.calendar(days)
    return {
        "days": days[::-1],
        "trend": charts.trend(_from_first_known(days), _TREND_WIDTH, _TREND_HEIGHT),
        "trend_size": (_TREND_WIDTH, _TREND_HEIGHT),
        "calendar": cells,
        "months": months,
        "hours": hours,
        "hour_cells": charts.hours_of_week(hours),
    }


def _from_first_known(days: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the last days, without those before the first that polls bear out."""
    first = next((number for number, each in enumerate(days) if each["is_enough"]), 0)
    return days[first:][-_TREND_DAYS:]


def _worst(reader: Reader, chosen: Group | None) -> dict[str, Any]:
    """Return the stores that lost most; their shares are of the downtime of all stores."""
    condition, values = "true", []
    if chosen:
        condition, values = IN_GROUP, [chosen.attribute, chosen.value]
    return {
        "worst": reader.rows(
            f"""
            select
                store_id, week_downtime_seconds, week_downtime_share, week_uptime_ratio,
                week_is_enough, current_status
            from store_board
            where week_downtime_seconds > 0 and {condition}
            order by week_downtime_seconds desc, store_id
            limit {_WORST}
            """,
            *values,
        )
    }


def _by_attribute(reader: Reader) -> dict[str, list[dict[str, Any]]]:
    """Return the last week by each attribute, the worst values first."""
    found = reader.rows(
        f"""
        select
            attribute, value, stores, {_FIGURES},
            count(*) over (partition by attribute) as known
        from fleet_periods
        where attribute <> 'all' and period = 'last_week'
        qualify row_number() over (
            partition by attribute order by is_enough desc, uptime_ratio nulls last, value
        ) <= {_OF_ATTRIBUTE}
        order by attribute, is_enough desc, uptime_ratio nulls last, value
        """
    )
    by_attribute: dict[str, list[dict[str, Any]]] = {}
    for each in found:
        by_attribute.setdefault(each["attribute"], []).append(each)
    return by_attribute
