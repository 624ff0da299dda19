"""An endpoint for each of the tables: its rows in the newest release, page by page."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

import duckdb
from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, create_model

from api.access import needs
from api.instants import Day, Instant, as_text
from api.options import STORES_MAX
from api.orders import Order
from api.pages import ROWS_ON_PAGE, rows_on_page
from api.reading import (
    REFUSALS,
    Ask,
    allowed_stores,
    answer,
    check_stores_known,
    days,
    page,
    refuse_other_stores,
    refuse_unknown,
    window,
)
from api.releases import Release
from api.rows import Conditions, json_object, json_values
from api.settings import ROWS_MAX
from api.tables import TABLES, Table

router = APIRouter(tags=["tables"])

_KINDS: dict[str, Any] = {
    "varchar": str,
    "varchar[]": list[str],
    "timestamp": datetime,
    "date": date,
    # On a store's clock, so without a zone, which a time in JSON Schema has.
    "time": str,
    "double": float,
    "decimal(24,6)": float,
    "bigint": int,
    "integer": int,
    "boolean": bool,
}


class Asked(BaseModel):
    """What can be asked of every table."""

    limit: int | None = Field(None, ge=1, le=ROWS_MAX, description=ROWS_ON_PAGE)
    cursor: str | None = Field(
        None, description="`next_cursor` of the page before, for the page after it."
    )


class InWindow(BaseModel):
    """A window of time, with which the rows' intervals overlap."""

    from_at: Instant | None = Field(
        None,
        alias="from",
        description="Start, inclusive; UTC unless it has an offset. Default: a week before `to`.",
    )
    to_at: Instant | None = Field(
        None,
        alias="to",
        description="End, exclusive, at most `as_of`; UTC unless it has an offset. "
        "Default: `as_of`.",
    )


class OnDays(BaseModel):
    """Dates on the stores' clocks."""

    from_on: Day | None = Field(
        None, alias="from", description="First date. Default: a week before the date of `as_of`."
    )
    to_on: Day | None = Field(
        None, alias="to", description="The date after the last one. Default: none."
    )


class Page(BaseModel):
    """Rows of a table."""

    model_config = ConfigDict(extra="forbid")

    as_of: datetime
    next_cursor: str | None = Field(description="For the next page; null on the last one.")


def _add_endpoint(table: Table) -> None:
    asked_type = _asked_type(table)

    def read(request: Request, asked: Annotated[asked_type, Query()]) -> Response:
        return answer(request, _ask(table, request, asked))

    router.add_api_route(
        f"/{table.path}",
        read,
        response_class=Response,
        responses={200: {"model": _page_type(table)}, **REFUSALS},
        name=f"read_{table.path}",
        description=f"{table.description}\n\nThese are rows of the table `{table.name}`.",
        dependencies=[needs("read", every_store=not table.is_by_store)],
    )


def _asked_type(table: Table) -> type[Asked]:
    """Return the model of a table's parameters."""
    fields: dict[str, Any] = {
        kept.name: (kept.kind | None, Field(None, description=kept.description))
        for kept in table.filters
    }
    orders = tuple(table.orders)
    fields["sort"] = (Literal[orders], Field(orders[0], description=_shown_orders(table)))
    if table.is_by_store:
        # Without a name, all of them would have to be summed up for one page.
        kind, default = (list[str], ...) if table.needs_stores else (list[str] | None, None)
        said = "Ids of the stores." if table.needs_stores else "Ids of the stores, by default all."
        fields["stores"] = (
            kind,
            Field(default, min_length=1, max_length=STORES_MAX, description=said),
        )
    windows = {0: (), 1: (OnDays,), 2: (InWindow,)}[len(table.window)]
    return create_model(f"{_title(table)}Asked", __base__=(*windows, Asked), **fields)


def _page_type(table: Table) -> type[Page]:
    """Return the model of an answer, whose rows have the table's columns."""
    columns: dict[str, Any] = {
        name: (_KINDS[column.kind] | None, Field(description=column.description))
        for name, column in table.columns.items()
    }
    row = create_model(
        f"{_title(table)}Row",
        __config__=ConfigDict(extra="forbid"),
        __doc__=f"A row of the table `{table.name}`.",
        **columns,
    )
    window: dict[str, Any] = {
        0: {},
        1: {"started_on": (date, ...), "ended_on": (date | None, ...)},
        2: {"started_at": (datetime, ...), "ended_at": (datetime, ...)},
    }[len(table.window)]
    return create_model(
        f"{_title(table)}Page",
        __base__=Page,
        __doc__=f"Rows of the table `{table.name}`.",
        **window,
        **{table.path: (list[row], ...)},
    )


def _ask(table: Table, request: Request, asked: Any) -> Ask:
    """Return what reads a page of a table, or raise HTTPException for what needs no release."""
    limit = rows_on_page(request, asked.limit)
    order = Order(f"{table.path} by {asked.sort}", table.keys(asked.sort), asked.cursor)
    stores = asked.stores if table.is_by_store else None
    refuse_other_stores(request, stores or [])

    def ask(release: Release, connection: duckdb.DuckDBPyConnection) -> bytes:
        conditions = Conditions()
        said = _add_window(table, request, release, asked, conditions)
        check_stores_known(connection, stores or [])
        if (seen := stores or allowed_stores(request)) is not None:
            conditions.add_stores([*seen, "*"] if table.has_rows_of_all else seen)
        for kept in table.filters:
            if (value := getattr(asked, kept.name)) is not None:
                if kept.known:
                    known = connection.execute(kept.known).fetchall()
                    refuse_unknown(kept.name, value, sorted(name for (name,) in known))
                conditions.add(kept.condition, value)
        conditions.add(*order.condition(connection))
        kinds = {name: column.kind.upper() for name, column in table.columns.items()}
        rows = connection.execute(
            f"""
            select {json_object(json_values(table.name, kinds))}, {order.texts}
            from {table.name}
            where {conditions.sql}
            order by {order.sql}
            limit {limit + 1} offset {order.skipped}
            """,
            conditions.values,
        ).fetchall()
        on_page = rows[:limit]
        is_last = len(rows) == len(on_page)
        next_cursor = None if is_last else order.next_cursor([keys for _, *keys in on_page])
        return page(release, table.path, [json for json, *_ in on_page], next_cursor, **said)

    return ask


def _add_window(
    table: Table, request: Request, release: Release, asked: Any, conditions: Conditions
) -> dict[str, str | None]:
    """Have only the rows of the window asked for, and return it as the answer tells it."""
    if len(table.window) == 1:
        [day] = table.window
        started_on, ended_on = days(request, release, asked.from_on, asked.to_on)
        conditions.add(f"{day} >= ?", started_on)
        if ended_on is not None:
            conditions.add(f"{day} < ?", ended_on)
        return {"started_on": str(started_on), "ended_on": ended_on and str(ended_on)}
    if len(table.window) == 2:
        start, end = table.window
        started_at, ended_at = window(request, release, asked.from_at, asked.to_at)
        conditions.add(f"{start} < ? and coalesce({end} > ?, true)", ended_at, started_at)
        return {"started_at": as_text(started_at), "ended_at": as_text(ended_at)}
    return {}


def _shown_orders(table: Table) -> str:
    """Return what the orders of a table are, for people."""
    orders = "; ".join(
        f"`{name}`: by "
        + ", ".join(f"{key.sql}{' descending' if key.descends else ''}" for key in table.keys(name))
        for name in table.orders
    )
    return f"{orders}. Nulls come last."


def _title(table: Table) -> str:
    return table.name.title().replace("_", "")


for _table in TABLES:
    _add_endpoint(_table)
