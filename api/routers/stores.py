"""The stores of the newest release: all of them, one of them, and its timeline."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

import duckdb
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.pages import Cursor, Limit, read_cursor, rows_on_page, write_cursor
from api.reading import (
    REFUSALS,
    START_CUT_TEXT,
    From,
    StoreId,
    To,
    add_attribute,
    allowed_stores,
    answer,
    check_stores_known,
    page,
    refuse_other_stores,
    window,
)
from api.releases import Release
from api.rows import Conditions, columns, identifier, json_object, json_value, json_values
from api.tables import ATTRIBUTE_TEXT, PERIODS, VALUE_TEXT, AttributeName, mart

router = APIRouter(tags=["stores"])

_FIGURES = {
    "uptime": "uptime_seconds",
    "downtime": "downtime_seconds",
    "unknown": "unknown_seconds",
    "uptime_ratio": "uptime_ratio",
}
# The name of each order by a figure, with the period and the column that it stands for.
_FIGURE_SORTS = {
    f"{figure}_{period}": (period, column)
    for figure, column in _FIGURES.items()
    for period in PERIODS
}
_KNOWN_COLUMNS = tuple(mart("stores")[1])

_HOURS = """
    select coalesce(to_json(list(
        {
            'opens_on_day': opens_on_day, 'opens_at': opens_at,
            'closes_on_day': closes_on_day, 'closes_at': closes_at
        }
        order by opens_on_day, opens_at
    )), '[]')
    from weekly_hours
    where store_id = $store_id
"""
# What is said of a store itself goes before what is said of all.
_SPECIAL_HOURS = """
    select coalesce(to_json(list(
        {
            'local_date': local_date, 'is_closed': is_closed,
            'opens_at': opens_at, 'closes_at': closes_at
        }
        order by local_date, opens_at
    )), '[]')
    from special_hours
    where
        local_date >= cast(cast($as_of as timestamp) as date) - 1
        and store_id = case
            when local_date in (select local_date from special_hours where store_id = $store_id)
                then $store_id
            else '*'
        end
"""

_STRETCH = {
    "started_at": json_value("started_at", "TIMESTAMP"),
    "ended_at": json_value("ended_at", "TIMESTAMP"),
    "status": "status",
    "is_confirmed": "is_confirmed",
    "duration_seconds": json_value("seconds", "DOUBLE"),
}

Sort = StrEnum("Sort", ["store_id", "last_polled_at", *_FIGURE_SORTS])


class PeriodFigures(BaseModel):
    """Figures of one store and period, as in the table `period_uptime`."""

    model_config = ConfigDict(extra="allow")

    started_at: datetime
    ended_at: datetime
    business_seconds: float
    uptime_seconds: float
    downtime_seconds: float
    unknown_seconds: float


class Store(BaseModel):
    """A store, as in the table `stores`, with its figures."""

    store_id: str
    timezone: str
    is_timezone_given: bool
    has_business_hours: bool
    is_always_open: bool
    first_polled_at: datetime | None
    last_polled_at: datetime | None
    last_status: Literal["active", "inactive"] | None
    attributes: dict[str, Any] = Field(description="The further columns of the table `stores`.")
    periods: dict[str, PeriodFigures] = Field(description="The figures by period.")


class Hours(BaseModel):
    """Open time in an ordinary week, as in the table `weekly_hours`."""

    opens_on_day: int = Field(description="0 is Monday.")
    opens_at: str = Field(description="Time on the store's clock.", examples=["09:00:00"])
    closes_on_day: int
    closes_at: str


class SpecialHours(BaseModel):
    """What holds on a date in place of the weekly hours, as in the table `special_hours`."""

    local_date: date
    is_closed: bool
    opens_at: str | None
    closes_at: str | None


class StoreWithHours(Store):
    """A store with its figures and hours."""

    hours: list[Hours] = Field(
        description="The hours of an ordinary week, in force from the day after `as_of` on."
    )
    special_hours: list[SpecialHours] = Field(
        description="Those of the day before `as_of` and later."
    )


class Stores(BaseModel):
    """A page of stores."""

    as_of: datetime
    next_cursor: str | None = Field(description="For the next page; null on the last one.")
    stores: list[Store]


class OneStore(BaseModel):
    """One store."""

    as_of: datetime
    store: StoreWithHours


class TimelineRow(BaseModel):
    """A stretch of business time with one status, as in the table `store_timeline`."""

    model_config = ConfigDict(extra="forbid")

    started_at: datetime
    ended_at: datetime
    status: str = Field(examples=["up"])
    is_confirmed: bool
    duration_seconds: float


class Timeline(BaseModel):
    """A page of a store's timeline, clipped to the window."""

    as_of: datetime
    store_id: str
    started_at: datetime
    ended_at: datetime
    is_start_cut: bool = Field(description=START_CUT_TEXT)
    next_cursor: str | None = Field(description="For the next page; null on the last one.")
    timeline: list[TimelineRow]


@router.get("/stores", response_class=Response, responses={200: {"model": Stores}, **REFUSALS})
async def list_stores(
    request: Request,
    search: Annotated[
        str | None,
        Query(description="Part of the store's id or of one of its attributes, in any case."),
    ] = None,
    status: Annotated[
        Literal["active", "inactive", "never_polled"] | None,
        Query(description="What the last poll said."),
    ] = None,
    timezone: Annotated[str | None, Query(examples=["America/Chicago"])] = None,
    attribute: Annotated[AttributeName | None, Query(description=ATTRIBUTE_TEXT)] = None,
    value: Annotated[str | None, Query(description=VALUE_TEXT)] = None,
    sort: Annotated[
        Sort,
        Query(
            description="`downtime_last_week` is the downtime in `periods.last_week`, and so on. "
            "Nulls come last, and equal values in the order of `store_id`."
        ),
    ] = Sort.store_id,
    order: Literal["asc", "desc"] = "asc",
    limit: Limit = None,
    cursor: Cursor = None,
) -> Response:
    """List the stores with their figures, page by page."""
    limit = rows_on_page(request, limit)
    ordered = f"stores by {sort} {order}"
    key_type = {"store_id": str, "last_polled_at": datetime}.get(sort, float)
    last = read_cursor(cursor, ordered, key_type, str)

    def ask(release: Release, connection: duckdb.DuckDBPyConnection) -> bytes:
        store_columns = columns(connection, "stores")
        conditions = _conditions(store_columns, search, status, timezone)
        if (allowed := allowed_stores(request)) is not None:
            conditions.add("stores.store_id in (select unnest(?::varchar[]))", allowed)
        add_attribute(request, connection, conditions, attribute, value, store_id="stores.store_id")
        source, key = "stores", f"stores.{sort}"
        if sort in _FIGURE_SORTS:
            period, column = _FIGURE_SORTS[sort]
            source = "stores inner join period_uptime using (store_id)"
            key = f"period_uptime.{column}"
            conditions.add("period_uptime.period = ?", period)
        if last is not None:
            conditions.add_behind(key, "stores.store_id", order, last)
        rows = connection.execute(
            f"""
            with page as materialized (
                select stores.store_id, {key} as sort_key
                from {source}
                where {conditions.sql}
                order by sort_key {order} nulls last, stores.store_id
                limit {limit + 1}
            )
            select items.json, page.sort_key, page.store_id
            from page
            inner join ({_items(connection, store_columns, "select store_id from page")}) as items
                on page.store_id = items.store_id
            order by page.sort_key {order} nulls last, page.store_id
            """,
            conditions.values,
        ).fetchall()
        next_cursor = None
        if len(rows) > limit:
            _, last_key, last_id = rows[limit - 1]
            next_cursor = write_cursor(ordered, last_key, last_id)
        return page(release, "stores", [row[0] for row in rows[:limit]], next_cursor)

    return await answer(request, ask)


@router.get(
    "/stores/{store_id:encoded}/timeline",
    response_class=Response,
    responses={200: {"model": Timeline}, **REFUSALS},
)
async def get_timeline(
    request: Request,
    store_id: StoreId,
    from_at: From = None,
    to_at: To = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> Response:
    """List what is known of a store's business time in a window, stretch by stretch."""
    limit = rows_on_page(request, limit)
    refuse_other_stores(request, [store_id])
    last = read_cursor(cursor, "timeline", datetime)

    def ask(release: Release, connection: duckdb.DuckDBPyConnection) -> bytes:
        shown = window(request, release, connection, from_at, to_at)
        check_stores_known(connection, [store_id])
        begins_at = max(shown.started_at, last[0]) if last and last[0] else shown.started_at
        rows = connection.execute(
            f"""
            select {json_object(_STRETCH)}, ended_at
            from explain_uptime(?, cast(? as timestamp), cast(? as timestamp))
            where kind = 'timeline'
            order by started_at
            limit {limit + 1}
            """,
            [store_id, begins_at, shown.ended_at],
        ).fetchall()
        next_cursor = None
        if len(rows) > limit:
            next_cursor = write_cursor("timeline", rows[limit - 1][1])
        return page(
            release,
            "timeline",
            [row[0] for row in rows[:limit]],
            next_cursor,
            store_id=store_id,
            **shown.said,
        )

    return await answer(request, ask)


@router.get(
    "/stores/{store_id:encoded}",
    response_class=Response,
    responses={200: {"model": OneStore}, **REFUSALS},
)
async def get_store(request: Request, store_id: StoreId) -> Response:
    """Say what is known of a store: zone, hours, last poll, figures."""
    refuse_other_stores(request, [store_id])

    def ask(release: Release, connection: duckdb.DuckDBPyConnection) -> bytes:
        store_columns = columns(connection, "stores")
        check_stores_known(connection, [store_id])
        [(found, hours, special_hours)] = connection.execute(
            f"""
            select json, ({_HOURS}), ({_SPECIAL_HOURS})
            from ({_items(connection, store_columns, "select $store_id as store_id")})
            """,
            {"store_id": store_id, "as_of": release.as_of},
        ).fetchall()
        return (
            f'{{"as_of": "{release.as_of}", "store": {found[:-1]}, "hours": {hours}, '
            f'"special_hours": {special_hours}}}}}'
        ).encode()

    return await answer(request, ask)


def _conditions(
    store_columns: dict[str, str], search: str | None, status: str | None, timezone: str | None
) -> Conditions:
    conditions = Conditions()
    if search:
        attributes = _attributes(store_columns)
        names = ["store_id", *(name for name in attributes if attributes[name] == "VARCHAR")]
        texts = [f"lower(stores.{identifier(name)})" for name in names]
        conditions.add(
            " or ".join(f"contains({text}, lower(?))" for text in texts),
            *[search] * len(texts),
        )
    if status == "never_polled":
        conditions.add("stores.last_status is null")
    elif status is not None:
        conditions.add("stores.last_status = ?", status)
    if timezone is not None:
        conditions.add("stores.timezone = ?", timezone)
    return conditions


def _items(
    connection: duckdb.DuckDBPyConnection, store_columns: dict[str, str], store_ids: str
) -> str:
    """Return SQL for the stores whose ids a query gives, each as `json`; it is used twice."""
    figures = columns(connection, "period_uptime")
    figures = {name: kind for name, kind in figures.items() if name not in ("store_id", "period")}
    known = {name: store_columns[name] for name in _KNOWN_COLUMNS if name in store_columns}
    attributes = _attributes(store_columns)
    item = json_values("stores", known) | {
        "attributes": json_object(json_values("stores", attributes)),
        "periods": "coalesce(figures.periods, json_object())",
    }
    return f"""
        select stores.store_id, {json_object(item)} as json
        from stores
        left join (
            select
                store_id,
                cast('{{' || string_agg(
                    to_json(period) || ':' || {json_object(json_values("period_uptime", figures))},
                    ',' order by ended_at - started_at
                ) || '}}' as json) as periods
            from period_uptime
            where store_id in ({store_ids})
            group by store_id
        ) as figures on stores.store_id = figures.store_id
        where stores.store_id in ({store_ids})
    """


def _attributes(store_columns: dict[str, str]) -> dict[str, str]:
    return {name: kind for name, kind in store_columns.items() if name not in _KNOWN_COLUMNS}
