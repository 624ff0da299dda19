"""An endpoint for each of the tables: its rows in the newest release, page by page."""

from datetime import date
from pathlib import Path as FilePath
from typing import Annotated, Any, Literal

from fastapi import Path, Query, Request, Response
from pydantic import BaseModel, Field, create_model
from starlette.exceptions import HTTPException

from api.access import needs
from api.answers import FETCHED, REFUSALS, Ask, answer, answer_by_file, page
from api.disk import without_folders
from api.errors import quoted
from api.openapi import FILES
from api.pages import Cursor, Limit, Order, Page, rows_on_page
from api.reading import (
    START_CUT_TEXT,
    From,
    FromDay,
    OfWindow,
    Reader,
    To,
    ToDay,
    in_utc,
    refuse_empty,
    refuse_other_stores,
    refuse_unknown,
    router_of,
)
from api.rows import Conditions, columns, file_value, identifier, json_object, json_values, literal
from api.snapshots import COPY_OPTIONS, MEDIA_TYPES, STORES_MAX, Format
from api.tables import (
    FURTHER_TABLES,
    TABLES,
    Attribute,
    AttributeValue,
    Table,
    row_type,
)

router, files = router_of("tables"), router_of("tables")

_ENDINGS: tuple[Format, ...] = ("csv", "parquet", "json")

# Columns with paths or text of the inputs, which may name folders of this machine.
_TOLD = ("file", "sample_file", "overruled_by", "note")


class OfPlannedDays(BaseModel):
    """The dates asked for, as an answer tells them."""

    started_on: date
    ended_on: date | None


class OfDays(OfPlannedDays):
    """And whether they begin before the data."""

    is_start_cut: bool = Field(description=START_CUT_TEXT)


def _add_endpoint(table: Table) -> None:
    asked_type = _asked_type(table)

    @needs("read", every_store=not table.is_by_store)
    async def read(request: Request, asked: Annotated[asked_type, Query()]) -> Response:
        return await answer(request, _ask(table, request, asked))

    router.add_api_route(
        f"/{table.path}",
        read,
        response_class=Response,
        responses={200: {"model": _page_type(table)}, **REFUSALS},
        name=f"read_{table.path}",
        description=f"{table.description}\n\nThese are rows of the table `{table.name}`.",
    )


def _asked_type(table: Table) -> type[BaseModel]:
    """Return the model of a table's parameters."""
    fields: dict[str, Any] = {
        0: {},
        1: {"from_on": (FromDay, None), "to_on": (ToDay, None)},
        2: {"from_at": (From, None), "to_at": (To, None)},
    }[len(table.window)] | {"limit": (Limit, None), "cursor": (Cursor, None)}
    for kept in table.filters:
        fields[kept.name] = (kept.kind | None, Field(None, description=kept.description))
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
    if table.is_by_attribute:
        fields |= {"attribute": (Attribute, None), "value": (AttributeValue, None)}
    return create_model(f"{_title(table)}Asked", **fields)


def _page_type(table: Table) -> type[Page]:
    """Return the model of an answer, whose rows have the table's columns."""
    row = row_type(f"{_title(table)}Row", table.name)
    bases = {0: (Page,), 1: (OfDays, Page), 2: (OfWindow, Page)}[len(table.window)]
    if table.is_planned:
        bases = (OfPlannedDays, Page)
    return create_model(
        f"{_title(table)}Page",
        __base__=bases,
        __doc__=f"Rows of the table `{table.name}`.",
        **{table.path: (list[row], ...)},
    )


def source(table: Table, data: FilePath) -> str:
    """Return what stands behind `from`: the table, without folders of this machine."""
    told = [name for name in _TOLD if name in table.columns]
    if not told:
        return table.name
    values = ", ".join(f"{without_folders(name, data)} as {name}" for name in told)
    return f"(select * replace ({values}) from {table.name}) as {table.name}"


def _ask(table: Table, request: Request, asked: Any) -> Ask:
    """Return what reads a page of a table, or raise HTTPException for what needs no release."""
    limit = rows_on_page(request, asked.limit)
    order = Order(f"{table.path} by {asked.sort}", table.keys(asked.sort), asked.cursor)
    stores = asked.stores if table.is_by_store else None
    refuse_other_stores(request, stores or [])

    def ask(reader: Reader) -> bytes:
        conditions = Conditions()
        said = _add_window(table, reader, asked, conditions)
        _add_filters(table, reader, asked, conditions)
        conditions.add(*order.condition(reader.connection))
        kinds = {name: column.kind.upper() for name, column in table.columns.items()}
        rows = reader.connection.execute(
            f"""
            select {json_object(json_values(table.name, kinds))}, {order.texts}
            from {source(table, reader.settings.data)}
            where {conditions.sql}
            order by {order.sql}
            limit {limit + 1} offset {order.skipped}
            """,
            conditions.values,
        ).fetchall()
        rows, next_cursor = order.cut(rows, limit)
        return page(reader.release, table.path, rows, next_cursor, **said)

    return ask


def _add_filters(table: Table, reader: Reader, asked: Any, conditions: Conditions) -> None:
    """Have only the rows that are asked for, of stores that the client may see."""
    stores = asked.stores if table.is_by_store else None
    reader.check_known(stores or [])
    seen = stores or reader.stores
    conditions.add_stores([*seen, "*"] if seen is not None and table.has_rows_of_all else seen)
    if table.is_by_attribute:
        reader.add_attribute(conditions, asked.attribute, asked.value, table.has_rows_of_all)
    elif "attribute" in table.columns:
        reader.check_value(asked.attribute, asked.value)
    for kept in table.filters:
        if (value := getattr(asked, kept.name)) is not None:
            if kept.known:
                known = reader.connection.execute(kept.known).fetchall()
                refuse_unknown(kept.name, value, sorted(name for (name,) in known))
            conditions.add(kept.condition, value)


def _add_window(table: Table, reader: Reader, asked: Any, conditions: Conditions) -> dict[str, Any]:
    """Have only the rows of the window asked for, and return it as the answer tells it."""
    if not table.window:
        return {}
    if len(table.window) == 1:
        shown = reader.days(asked.from_on, asked.to_on, table.is_planned)
    else:
        shown = reader.window(asked.from_at, asked.to_at)
    _add_overlap(table, conditions, shown.start, shown.end)
    return shown.said


def _add_overlap(
    table: Table, conditions: Conditions, start: date | None, end: date | None
) -> None:
    """Have only rows whose interval, or date, has a part in the window."""
    begin, until = table.window[0], table.window[-1]
    if end is not None:
        conditions.add(f"{begin} < ?", end)
    if start is not None:
        conditions.add(f"coalesce({until} {'>=' if begin == until else '>'} ?, true)", start)


def _file_type(table: Table) -> type[BaseModel]:
    """Return the model of what can be asked of a table as a file."""
    fields: dict[str, Any] = {
        name: (field.annotation, field)
        for name, field in _asked_type(table).model_fields.items()
        if name not in ("limit", "cursor", "sort")
    }
    if "stores" in fields:
        fields["stores"] = (list[str] | None, Field(None, min_length=1, max_length=STORES_MAX))
    return create_model(f"{_title(table)}File", **fields)


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


# What can be asked of each table as a file: what of its list, but pages and orders.
ALL_TABLES = {table.path: table for table in (*TABLES, *FURTHER_TABLES)}
_FILE_TYPES = {path: _file_type(table) for path, table in ALL_TABLES.items()}


def _file_parameters() -> list[dict[str, Any]]:
    """Return the parameters of all tables, each with the tables that have it."""
    having: dict[str, list[str]] = {}
    for path, kind in _FILE_TYPES.items():
        for name, field in kind.model_fields.items():
            having.setdefault(field.alias or name, []).append(path)
    return [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": f"As on the list; of {', '.join(paths)}.",
            "schema": {"type": "array", "items": {"type": "string"}}
            if name in ("stores", "status")
            else {"type": "string"},
        }
        for name, paths in having.items()
    ]


def _add_file(table: Table) -> None:
    asked_type = _FILE_TYPES[table.path]

    @needs("read", every_store=not table.is_by_store)
    async def fetch(
        request: Request, ending: str, asked: Annotated[asked_type, Query()]
    ) -> Response:
        return await _fetch(table, request, ending, asked)

    files.add_api_route(f"/tables/{table.path}.{{ending}}", fetch, include_in_schema=False)


async def _fetch(table: Table, request: Request, ending: str, asked: Any) -> Response:
    if ending not in _ENDINGS:
        raise HTTPException(404, f"There is no {quoted(ending)}; there are {', '.join(_ENDINGS)}.")
    refuse_other_stores(request, getattr(asked, "stores", None) or [])

    def write(reader: Reader, path: FilePath) -> None:
        conditions = Conditions()
        _add_whole_window(table, asked, conditions)
        _add_filters(table, reader, asked, conditions)
        order = Order(table.path, table.keys(next(iter(table.orders))), None)
        write_rows(reader, table, conditions, order.sql, path, ending)

    return await answer_by_file(request, f"{table.path}.{ending}", asked, write)


def write_rows(
    reader: Reader,
    table: Table,
    conditions: Conditions,
    order: str,
    path: FilePath,
    ending: Format = "csv",
) -> None:
    """Write the rows of a table that fulfil conditions to a file, in an order."""
    kinds = columns(reader.connection, table.name)
    values = ", ".join(
        f"{file_value(f'rows.{identifier(column)}', kind, ending)} as {identifier(column)}"
        for column, kind in kinds.items()
    )
    # Its columns are renamed after it is put in order.
    reader.connection.execute(
        f"""
        copy (
            select {values}
            from (
                from {source(table, reader.settings.data)} where {conditions.sql} order by {order}
            ) as rows
        ) to {literal(path)} ({COPY_OPTIONS[ending]}, use_tmp_file false)
        """,
        conditions.values,
    )


def _add_whole_window(table: Table, asked: Any, conditions: Conditions) -> None:
    if not table.window:
        return
    if len(table.window) == 1:
        start, end = asked.from_on, asked.to_on
    else:
        start = asked.from_at and in_utc("from", asked.from_at)
        end = asked.to_at and in_utc("to", asked.to_at)
    refuse_empty(start, end)
    _add_overlap(table, conditions, start, end)


for _table in TABLES:
    _add_endpoint(_table)
for _table in ALL_TABLES.values():
    _add_file(_table)


@files.get(
    "/tables/{name}.{ending}",
    response_class=Response,
    responses={
        200: {
            "description": "The rows in the table's first order.",
            "content": {MEDIA_TYPES[ending]: FILES[MEDIA_TYPES[ending]] for ending in _ENDINGS},
        },
        **FETCHED,
    },
    openapi_extra={"parameters": _file_parameters()},
)
async def fetch_table(
    name: Annotated[str, Path(json_schema_extra={"enum": list(ALL_TABLES)})],
    ending: Annotated[str, Path(json_schema_extra={"enum": list(_ENDINGS)})],
) -> Response:
    """Fetch a whole table of the newest release, or what the filters of its list leave of it.

    The file is written once per release and question. In CSV a text that a spreadsheet would run as
    a formula has an apostrophe in front; the others have every text as it is.
    """
    # Each table there is has a route of its own, since its parameters are.
    raise HTTPException(
        404, f"There is no table {quoted(name)}; there are {', '.join(ALL_TABLES)}."
    )
