"""One store: how it is, its last week on its own clock, and what its figures rest on."""

from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query, Request, Response

from api.errors import quoted
from api.rows import Conditions
from api.ui import charts, shell
from api.ui.clocks import UTC_CLOCK
from api.ui.shell import PageRoute, Reader
from api.ui.words import address

router = APIRouter(prefix="/ui", route_class=PageRoute)

_WEEK_WIDTH = 960
_OUTAGES = 20
_CALENDAR_DAYS = 91
# Of a figure as `explain_uptime` calls it.
FIGURES = {
    "uptime_seconds": "up",
    "downtime_seconds": "down",
    "unknown_seconds": "unknown",
    "excluded_seconds": "excluded",
    "business_seconds": "open",
    "uptime_seconds_min": "up at least",
    "uptime_seconds_max": "up at most",
    "confirmed_seconds": "confirmed by polls",
}


@router.get("/store")
async def show(
    request: Request,
    store_id: Annotated[str, Query(alias="id", min_length=1)],
    explain: Literal["last_hour", "last_day", "last_week"] | None = None,
) -> Response:
    """Show a store; `explain` also tells what the figures of that period are the sums of."""

    def ask(reader: Reader) -> dict[str, Any]:
        store = _store(reader, store_id)
        clock = reader.clocks([store_id]).get(store_id, UTC_CLOCK)
        periods = reader.rows(
            "select * from period_uptime where store_id = ? order by ended_at - started_at",
            store_id,
        )
        explained = next((each for each in periods if each["period"] == explain), None)
        return {
            "store": store,
            "clock": clock,
            "periods": periods,
            **_week(reader, store_id, clock),
            **_days(reader, store_id),
            **_lists(reader, store_id),
            **_doubts(reader, store_id),
            "explained": explained,
            "parts_of": _parts(reader, store_id, explained),
            "figures": FIGURES,
            "link": partial(address, "store", id=store_id),
        }

    return await shell.page(request, "store.html", ask)


def _store(reader: Reader, store_id: str) -> dict[str, Any]:
    """Return what is known of a store, or raise HTTPException 403 or 404."""
    if reader.stores is not None and store_id not in reader.stores:
        raise HTTPException(403, f"This token is not for the store {quoted(store_id)}.")
    store = reader.row(
        """
        select
            store_board.*, stores.is_timezone_given, stores.has_business_hours,
            stores.is_always_open, stores.first_polled_at
        from store_board
        inner join stores on store_board.store_id = stores.store_id
        where store_board.store_id = ?
        """,
        store_id,
    )
    if store is None:
        raise HTTPException(404, f"There is no store {quoted(store_id)}; the search finds others.")
    return store


def _week(reader: Reader, store_id: str, clock: Any) -> dict[str, Any]:
    """Return the last week of a store, as a chart and as rows."""
    period = reader.row(
        """
        select started_at, ended_at from period_uptime
        where store_id = ? and period = 'last_week'
        """,
        store_id,
    )
    if period is None:
        return {"week": [], "stretches": [], "polls": [], "week_width": _WEEK_WIDTH}
    started_at, ended_at = period["started_at"], period["ended_at"]
    conditions = Conditions()
    conditions.add(
        "store_id = ? and ended_at > ? and started_at < ?", store_id, started_at, ended_at
    )
    stretches = reader.stretches(conditions).get(store_id, [])
    polls = [
        (row["polled_at"], row["status"])
        for row in reader.rows(
            """
            select polled_at, status from recent_polls
            where store_id = ? and polled_at >= ? and polled_at <= ?
            order by polled_at
            """,
            store_id,
            started_at,
            ended_at,
        )
    ]
    days = charts.week(stretches, polls, started_at, ended_at, clock, _WEEK_WIDTH, reader.times)
    return {
        "week": days,
        "stretches": stretches[::-1],
        "polls": polls[::-1],
        "week_width": _WEEK_WIDTH,
    }


def _days(reader: Reader, store_id: str) -> dict[str, Any]:
    days = reader.rows(
        f"""
        select
            local_date as date, business_seconds, uptime_seconds, downtime_seconds,
            unknown_seconds, uptime_ratio, is_enough
        from daily_store_uptime
        where store_id = ? and local_date > ?::timestamp::date - {_CALENDAR_DAYS}
        order by local_date
        """,
        store_id,
        reader.as_of,
    )
    hours = reader.rows(
        """
        select
            day_of_week, hour_of_day as hour, business_seconds, uptime_seconds, downtime_seconds,
            unknown_seconds, uptime_ratio, is_enough
        from store_hour_of_week
        where store_id = ?
        order by day_of_week, hour_of_day
        """,
        store_id,
    )
    cells, months = charts.calendar(days)
    return {
        "days": days[::-1],
        "calendar": cells,
        "months": months,
        "hours": hours,
        "hour_cells": charts.hours_of_week(hours),
    }


def _lists(reader: Reader, store_id: str) -> dict[str, Any]:
    outages = reader.rows(
        f"""
        select * from outages
        where store_id = ?
        order by started_at desc
        limit {_OUTAGES + 1}
        """,
        store_id,
    )
    return {
        "outages": outages[:_OUTAGES],
        "has_more_outages": len(outages) > _OUTAGES,
        "weekly_hours": reader.rows(
            "select * from weekly_hours where store_id = ? order by opens_on_day, opens_at",
            store_id,
        ),
        "special_hours": reader.rows(
            """
            select * from special_hours
            where store_id in (?, '*') and local_date > ?::timestamp::date - 28
            order by local_date, store_id desc, opens_at
            limit 30
            """,
            store_id,
            reader.as_of,
        ),
        "exclusions": reader.rows(
            """
            select * from exclusions
            where store_id in (?, '*')
            order by started_at desc, store_id desc
            limit 30
            """,
            store_id,
        ),
    }


def _doubts(reader: Reader, store_id: str) -> dict[str, Any]:
    """Return whether the polls fit the hours, and what other policies would say."""
    return {
        "behaviour": reader.row(
            "select * from hours_against_behaviour where store_id = ?", store_id
        ),
        # Policies that say the same are one row.
        "policies": reader.rows(
            """
            select
                string_agg(policy, '; ' order by policy) as policies, uptime_seconds,
                downtime_seconds, unknown_seconds, uptime_ratio
            from policy_comparison
            where store_id = ?
            group by all
            order by uptime_ratio nulls last, policies
            """,
            store_id,
        ),
    }


def _parts(
    reader: Reader, store_id: str, period: dict[str, Any] | None
) -> dict[str, list[dict[str, Any]]]:
    """Return what the figures of a period are made of, by kind."""
    parts: dict[str, list[dict[str, Any]]] = {}
    if period is not None:
        for row in reader.rows(
            "select * from explain_uptime(?, ?::timestamp, ?::timestamp)",
            store_id,
            period["started_at"],
            period["ended_at"],
        ):
            parts.setdefault(row["kind"], []).append(row)
    # They come in no order.
    order = list(FIGURES)
    parts["figure"] = sorted(
        (row for row in parts.get("figure", ()) if row["figure"] in order),
        key=lambda row: order.index(row["figure"]),
    )
    return parts
