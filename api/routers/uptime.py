"""Figures for any window of time, for all stores together or by what they have in common."""

from datetime import datetime
from typing import Annotated

import duckdb
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.options import STORES_MAX
from api.pages import Cursor, Limit, read_cursor, rows_on_page, write_cursor
from api.reading import (
    REFUSALS,
    START_CUT_TEXT,
    From,
    To,
    add_attribute,
    allowed_stores,
    answer,
    check_stores_known,
    page,
    refuse_other_stores,
    refuse_unknown,
    window,
)
from api.releases import Release
from api.rows import Conditions, columns, identifier, json_object
from api.tables import ATTRIBUTE_TEXT, VALUE_TEXT, AttributeName

router = APIRouter(tags=["stores"])

_SECONDS = (
    "business_seconds",
    "uptime_seconds",
    "downtime_seconds",
    "unknown_seconds",
    "excluded_seconds",
    "confirmed_seconds",
    "uptime_seconds_min",
    "uptime_seconds_max",
)
# Of sums, each divided once.
_RATIOS = {
    "uptime_ratio": "uptime_seconds / nullif(uptime_seconds + downtime_seconds, 0)",
    "coverage_ratio": "confirmed_seconds / nullif(business_seconds - excluded_seconds, 0)",
}


class Group(BaseModel):
    """Sums over the stores of a group; the groups add up to the whole exactly."""

    model_config = ConfigDict(extra="forbid")

    group: str | None = Field(
        description="What the stores have in common; null where they have none of it, "
        "and in the one row of all stores."
    )
    stores: int = Field(description="How many stores the group has.")
    business_seconds: float
    uptime_seconds: float
    downtime_seconds: float
    unknown_seconds: float
    excluded_seconds: float
    confirmed_seconds: float
    uptime_seconds_min: float
    uptime_seconds_max: float
    uptime_ratio: float | None
    coverage_ratio: float | None


class Uptime(BaseModel):
    """A page of groups."""

    as_of: datetime
    started_at: datetime
    ended_at: datetime
    is_start_cut: bool = Field(description=START_CUT_TEXT)
    group_by: str
    next_cursor: str | None = Field(description="For the next page; null on the last one.")
    groups: list[Group]


@router.get("/uptime", response_class=Response, responses={200: {"model": Uptime}, **REFUSALS})
async def get_uptime(
    request: Request,
    from_at: From = None,
    to_at: To = None,
    group_by: Annotated[
        str,
        Query(
            description="`none`: all stores in one row; `store`: a row per store; or a column of "
            "the table `stores` that holds text, such as `timezone` or an attribute."
        ),
    ] = "none",
    stores: Annotated[
        list[str] | None,
        Query(description="Ids of the stores to count, all by default.", max_length=STORES_MAX),
    ] = None,
    attribute: Annotated[AttributeName | None, Query(description=ATTRIBUTE_TEXT)] = None,
    value: Annotated[str | None, Query(description=VALUE_TEXT)] = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> Response:
    """Sum up the figures of a window of time."""
    limit = rows_on_page(request, limit)
    ordered = f"uptime by {group_by}"
    last = read_cursor(cursor, ordered, str)
    if stores:
        refuse_other_stores(request, stores)

    def ask(release: Release, connection: duckdb.DuckDBPyConnection) -> bytes:
        shown = window(request, release, connection, from_at, to_at)
        key = _key(connection, group_by)
        conditions = Conditions()
        if stores:
            check_stores_known(connection, stores)
        if (counted := stores or allowed_stores(request)) is not None:
            conditions.add("stores.store_id in (select unnest(?::varchar[]))", counted)
        add_attribute(request, connection, conditions, attribute, value, store_id="stores.store_id")
        if last is not None:
            conditions.add(f"{key} > ? or {key} is null", *last)
        sums = [f"sum(cast(figures.{name} as decimal(18, 6))) as {name}" for name in _SECONDS]
        values = {name: name for name in ("stores", *_SECONDS)} | _RATIOS
        rows = connection.execute(
            f"""
            with keys as materialized (
                select distinct {key} as key
                from stores
                where {conditions.sql}
                order by key nulls last
                limit {limit + 1}
            ),

            summed as (
                select keys.key, count(*) as stores, {", ".join(sums)}
                from stores
                inner join keys on {key} is not distinct from keys.key
                inner join uptime_between(cast(? as timestamp), cast(? as timestamp)) as figures
                    on stores.store_id = figures.store_id
                where {conditions.sql}
                group by keys.key
            )

            select {json_object({"group": "key"} | values)}, key
            from summed
            order by key nulls last
            """,
            [*conditions.values, shown.started_at, shown.ended_at, *conditions.values],
        ).fetchall()
        next_cursor = write_cursor(ordered, rows[limit - 1][1]) if len(rows) > limit else None
        return page(
            release,
            "groups",
            [row[0] for row in rows[:limit]],
            next_cursor,
            **shown.said,
            group_by=group_by,
        )

    return await answer(request, ask)


def _key(connection: duckdb.DuckDBPyConnection, group_by: str) -> str:
    """Return SQL for what the stores of a group have in common."""
    kinds = columns(connection, "stores")
    texts = [name for name, kind in kinds.items() if kind == "VARCHAR" and name != "store_id"]
    if group_by == "none":
        return "cast(null as varchar)"
    if group_by == "store":
        return "stores.store_id"
    refuse_unknown("group_by", group_by, ["none", "store", *texts])
    return f"stores.{identifier(group_by)}"
