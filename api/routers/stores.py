"""The stores of the newest release: all of them, one of them, and its timeline."""

import json
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from fastapi import Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.answers import REFUSALS, answer, page
from api.pages import Cursor, Key, Limit, Order, Page, rows_on_page
from api.reading import (
    From,
    OfWindow,
    Reader,
    StoreId,
    To,
    refuse_other_stores,
    refuse_unknown,
    router_of,
)
from api.rows import Conditions, columns, identifier, json_object, json_value, json_values
from api.snapshots import STORES_MAX
from api.tables import PERIODS, Attribute, AttributeValue, mart, row_type

router = router_of("stores")

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

# What the fields of answers about parts of a timeline are in rows of `explain_uptime`.
_SQL = {
    "started_at": json_value("started_at", "TIMESTAMP"),
    "polled_at": json_value("started_at", "TIMESTAMP"),
    "ended_at": json_value("ended_at", "TIMESTAMP"),
    "last_polled_at": json_value("ended_at", "TIMESTAMP"),
    "seconds": json_value("seconds", "DOUBLE"),
    "duration_seconds": json_value("seconds", "DOUBLE"),
}

Sort = StrEnum("Sort", ["store_id", "last_polled_at", *_FIGURE_SORTS])


PeriodFigures = row_type(
    "PeriodFigures",
    "period_uptime",
    without=("store_id", "period"),
    nulls=(),
)
Hours = row_type("Hours", "weekly_hours", without=("store_id", "hours_open"), nulls=())
SpecialHours = row_type(
    "SpecialHours", "special_hours", without=("store_id",), nulls=("opens_at", "closes_at")
)


class Store(
    row_type("Known", "stores", nulls=("first_polled_at", "last_polled_at", "last_status"))
):
    """A store, as in the table `stores`, with its figures."""

    attributes: dict[str, Any] = Field(description="The further columns of the table `stores`.")
    periods: dict[str, PeriodFigures] = Field(description="The figures by period.")


class StoreWithHours(Store):
    """A store with its figures and hours."""

    hours: list[Hours] = Field(
        description="The hours of an ordinary week, in force from the day after `as_of` on."
    )
    special_hours: list[SpecialHours] = Field(
        description="Those of the day before `as_of` and later."
    )


class Stores(Page):
    """A page of stores."""

    stores: list[Store]


class OneStore(BaseModel):
    """One store."""

    as_of: datetime
    store: StoreWithHours


TimelineRow = row_type("TimelineRow", "store_timeline", without=("store_id",), nulls=())


class Timeline(OfWindow, Page):
    """A page of a store's timeline, clipped to the window."""

    store_id: str
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
    attribute: Attribute = None,
    value: AttributeValue = None,
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
    period, column = _FIGURE_SORTS.get(sort, (None, sort))
    kind = {"store_id": "varchar", "last_polled_at": "timestamp"}.get(sort, "double")
    keys = [Key("sort_key", kind, descends=order == "desc"), Key("store_id", "varchar")]
    in_order = Order(f"stores by {sort} {order}", keys, cursor)

    def ask(reader: Reader) -> bytes:
        store_columns = columns(reader.connection, "stores")
        conditions = _conditions(store_columns, search, status, timezone)
        conditions.add_stores(reader.stores)
        reader.add_attribute(conditions, attribute, value)
        source = "stores"
        if period is not None:
            source = "stores inner join period_uptime using (store_id)"
            conditions.add("period_uptime.period = ?", period)
        behind, *values = in_order.condition(reader.connection)
        rows = reader.connection.execute(
            f"""
            with sorted as (
                select store_id, {column} as sort_key
                from {source}
                where {conditions.sql}
            ),

            page as materialized (
                from sorted
                where {behind}
                order by {in_order.sql}
                limit {limit + 1} offset {in_order.skipped}
            )

            select items.json, {in_order.texts}
            from page
            inner join ({_items(reader, store_columns, "select store_id from page")}) as items
                using (store_id)
            order by {in_order.sql}
            """,
            [*conditions.values, *values],
        ).fetchall()
        rows, next_cursor = in_order.cut(rows, limit)
        return page(reader.release, "stores", rows, next_cursor)

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
    order = Order("timeline", [Key("started_at", "timestamp")], cursor)

    def ask(reader: Reader) -> bytes:
        shown = reader.window(from_at, to_at)
        reader.check_known([store_id])
        behind, *values = order.condition(reader.connection)
        rows = reader.connection.execute(
            f"""
            select {_told(TimelineRow)}, {order.texts}
            from explain_uptime(?, cast(? as timestamp), cast(? as timestamp))
            where kind = 'timeline' and ({behind})
            order by {order.sql}
            limit {limit + 1} offset {order.skipped}
            """,
            [store_id, shown.start, shown.end, *values],
        ).fetchall()
        rows, next_cursor = order.cut(rows, limit)
        return page(reader.release, "timeline", rows, next_cursor, store_id=store_id, **shown.said)

    return await answer(request, ask)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Figure(_Part):
    """A figure of the window."""

    figure: str = Field(examples=["uptime_seconds"])
    seconds: float


class Interval(_Part):
    """A stretch of time."""

    started_at: datetime
    ended_at: datetime


class BusinessWindow(Interval):
    """A stretch in which the store was open, clipped to the window asked for."""

    seconds: float = Field(description="Counts as `business_seconds`.")


class Poll(_Part):
    """What the store answered."""

    polled_at: datetime
    status: Literal["active", "inactive"]


class Run(_Part):
    """Polls one after another that agree."""

    started_at: datetime
    last_polled_at: datetime
    status: Literal["active", "inactive"]


class Stretch(Interval):
    """A stretch of business time with one status, clipped to the window asked for."""

    status: str
    is_confirmed: bool
    figure: str = Field(
        description="What its seconds count as. Confirmed ones count as `confirmed_seconds`, too; "
        "`uptime_seconds_min` is what is up and confirmed, and `uptime_seconds_max` the business "
        "time without what is excluded, or down and confirmed."
    )
    seconds: float


class Explanation(OfWindow):
    """The figures of a store in a window, and what each of them is the sum of."""

    as_of: datetime
    store_id: str
    figures: list[Figure]
    windows: list[BusinessWindow]
    exclusions: list[Interval] = Field(description="As they were given, not clipped.")
    polls: list[Poll] = Field(
        description="From the one in force at the start to the first after the end. They are "
        "kept for 192 hours up to `as_of`: of those before that only the last is told, if the "
        "next one says otherwise or came more than two hours later."
    )
    runs: list[Run] = Field(
        description="From the one in force at the start to the first after the end."
    )
    timeline: list[Stretch]


# What is told of each kind of row that `explain_uptime` gives, and under which name.
_PARTS = {
    "figure": ("figures", Figure),
    "window": ("windows", BusinessWindow),
    "exclusion": ("exclusions", Interval),
    "poll": ("polls", Poll),
    "run": ("runs", Run),
    "timeline": ("timeline", Stretch),
}


def _told(model: type[BaseModel]) -> str:
    """Return SQL for the fields of a model, from a row of `explain_uptime`."""
    return json_object({name: _SQL.get(name, name) for name in model.model_fields})


@router.get(
    "/stores/{store_id:encoded}/explain",
    response_class=Response,
    responses={200: {"model": Explanation}, **REFUSALS},
)
async def explain(
    request: Request, store_id: StoreId, from_at: From = None, to_at: To = None
) -> Response:
    """Tell the windows, polls, runs and stretches of the timeline behind each figure of a store."""
    refuse_other_stores(request, [store_id])

    def ask(reader: Reader) -> bytes:
        shown = reader.window(from_at, to_at)
        reader.check_known([store_id])
        cases = [f"when '{kind}' then {_told(part)}" for kind, (_, part) in _PARTS.items()]
        parts = dict(
            reader.connection.execute(
                f"""
                select kind, string_agg(case kind {" ".join(cases)} end, ',' order by place)
                from (
                    select *, row_number() over () as place
                    from explain_uptime(?, cast(? as timestamp), cast(? as timestamp))
                )
                group by kind
                """,
                [store_id, shown.start, shown.end],
            ).fetchall()
        )
        head = {
            "as_of": reader.release.as_of,
            "store_id": store_id,
            **shown.said,
        }
        told = [f'"{name}": [{parts.get(kind, "")}]' for kind, (name, _) in _PARTS.items()]
        return f"{json.dumps(head, ensure_ascii=False)[:-1]}, {', '.join(told)}}}".encode()

    return await answer(request, ask)


@router.get(
    "/stores/{store_id:encoded}",
    response_class=Response,
    responses={200: {"model": OneStore}, **REFUSALS},
)
async def get_store(request: Request, store_id: StoreId) -> Response:
    """Say what is known of a store: zone, hours, last poll, figures."""
    refuse_other_stores(request, [store_id])

    def ask(reader: Reader) -> bytes:
        store_columns = columns(reader.connection, "stores")
        reader.check_known([store_id])
        [(found, hours, special_hours)] = reader.connection.execute(
            f"""
            select json, ({_HOURS}), ({_SPECIAL_HOURS})
            from ({_items(reader, store_columns, "select $store_id as store_id")})
            """,
            {"store_id": store_id, "as_of": reader.release.as_of},
        ).fetchall()
        return (
            f'{{"as_of": "{reader.release.as_of}", "store": {found[:-1]}, "hours": {hours}, '
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


def _items(reader: Reader, store_columns: dict[str, str], store_ids: str) -> str:
    """Return SQL for the stores whose ids a query gives, each as `json`; it is used twice."""
    figures = columns(reader.connection, "period_uptime")
    figures = {name: kind for name, kind in figures.items() if name not in ("store_id", "period")}
    known = {name: store_columns[name] for name in _KNOWN_COLUMNS if name in store_columns}
    attributes = _attributes(store_columns)
    item = json_values("stores", known) | {
        "attributes": json_object(json_values("stores", attributes)),
        "periods": "coalesce(figures.periods, json_object())",
    }
    return f"""
        select stores.store_id as store_id, {json_object(item)} as json
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


# What group_uptime_between tells of a group.
_Figures = row_type(
    "GroupFigures",
    "group_uptime",
    without=("attribute", "value", "period", "started_at", "ended_at"),
    nulls=(),
)


class Group(_Figures):
    """Sums over the stores of a group; the groups add up to the whole exactly."""

    group: str | None = Field(
        description="What the stores have in common; null where they have none of it, "
        "and in the one row of all stores."
    )


class Uptime(OfWindow, Page):
    """A page of groups."""

    group_by: str
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
    attribute: Attribute = None,
    value: AttributeValue = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> Response:
    """Sum up the figures of a window of time."""
    limit = rows_on_page(request, limit)
    order = Order(f"uptime by {group_by}", [Key("value", "varchar")], cursor)
    if stores:
        refuse_other_stores(request, stores)

    def ask(reader: Reader) -> bytes:
        shown = reader.window(from_at, to_at)
        conditions = Conditions()
        if stores:
            reader.check_known(stores)
        conditions.add_stores(stores or reader.stores)
        reader.add_attribute(conditions, attribute, value)
        behind, *values = order.condition(reader.connection)
        figures = {name: name for name in _Figures.model_fields}
        rows = reader.connection.execute(
            f"""
            with stores_asked as (
                select store_id, {_key(reader, group_by)} as value
                from stores
                where {conditions.sql}
            ),

            on_page as (
                select distinct value
                from stores_asked
                where {behind}
                order by {order.sql}
                limit {limit + 1} offset {order.skipped}
            )

            select {json_object({"group": "value"} | figures)}, value
            from group_uptime_between(cast(? as timestamp), cast(? as timestamp), (
                select list({{'store_id': store_id, 'value': stores_asked.value}})
                from stores_asked
                inner join on_page on stores_asked.value is not distinct from on_page.value
            ))
            order by {order.sql}
            """,
            [*conditions.values, *values, shown.start, shown.end],
        ).fetchall()
        rows, next_cursor = order.cut(rows, limit)
        return page(reader.release, "groups", rows, next_cursor, **shown.said, group_by=group_by)

    return await answer(request, ask)


def _key(reader: Reader, group_by: str) -> str:
    """Return SQL for what the stores of a group have in common."""
    kinds = columns(reader.connection, "stores")
    texts = [name for name, kind in kinds.items() if kind == "VARCHAR" and name != "store_id"]
    if group_by == "none":
        return "cast(null as varchar)"
    if group_by == "store":
        return "store_id"
    refuse_unknown("group_by", group_by, ["none", "store", *texts])
    return identifier(group_by)
