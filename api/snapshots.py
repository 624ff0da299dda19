"""Reports as files: what one release tells, complete or not there at all."""

import os
import re
import stat
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, BinaryIO, Literal

import duckdb
import xlsxwriter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from api.disk import written
from api.errors import quoted
from api.instants import Instant
from api.rows import columns, file_value, guarded, identifier, literal
from loader.manifest import sync

Format = Literal["csv", "parquet", "json", "xlsx"]
MEDIA_TYPES: dict[Format, str] = {
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
# How many stores can be named in one request.
STORES_MAX = 1000


def _in_utc(instant: datetime) -> datetime:
    try:
        return instant.replace(tzinfo=instant.tzinfo or UTC).astimezone(UTC)
    except OverflowError:
        raise ValueError("an instant from year 1 to 9999 in UTC is expected") from None


class ReportOptions(BaseModel):
    """Options of a report; without any it is the CSV of all stores, in minutes, as of now."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [{"as_of": "2026-03-10T12:00:00Z", "units": "mixed", "format": "xlsx"}]
        },
    )

    as_of: Annotated[Instant, AfterValidator(_in_utc)] | None = Field(
        None,
        description="The instant to look back from, by default the newest poll; without a zone it "
        "is UTC. Not before the first poll of all, nor more than a day after the newest: until "
        "then the last statuses hold.",
    )
    units: Literal["minutes", "mixed"] = Field(
        "minutes", description="`mixed`: minutes for the hour, hours for day and week."
    )
    columns: Literal["default", "all"] = Field(
        "default",
        description="`all`: after the default ones, for each period also unknown, excluded, "
        "business and confirmed time, the least and the most uptime, the uptime and the coverage "
        "ratio, and the number of polls. With `as_of` further back than a day, what depends on "
        "polls that are not kept any more is empty.",
    )
    format: Format = Field(
        "csv",
        description="Of the file. In CSV, an id that a spreadsheet would run as a formula, such as "
        "`=cmd()`, has an apostrophe in front; the others have every id as it is.",
    )
    stores: list[Annotated[str, StringConstraints(min_length=1, max_length=1000)]] | None = Field(
        None,
        min_length=1,
        max_length=STORES_MAX,
        description="Ids of the stores to report, by default all.",
    )


NEWEST = "store_report.csv"
_NAME = re.compile(
    r"store_report\.csv|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.(" + "|".join(MEDIA_TYPES) + ")"
)
COPY_OPTIONS: dict[Format, str] = {
    "csv": "format csv, header true",
    "parquet": "format parquet",
    "json": "format json, array true",
}
_FETCHED_ROWS = 10_000
_SHEET_ROWS_MAX = 1_048_575

# A process that was killed leaves its unfinished file; nobody writes on one for so long.
_ABANDONED_SECONDS = 3600


def is_report(name: str) -> bool:
    """Say whether a file of this name in the output folder is a finished report."""
    return _NAME.fullmatch(name) is not None


class UnansweredError(Exception):
    """Options that the release cannot answer; the message says which and why."""


def write_report(
    connection: duckdb.DuckDBPyConnection, path: Path, options: ReportOptions | None = None
) -> int:
    """Write a report of the open release to `path`, whole or not at all; return its rows.

    Raises UnansweredError if the release does not reach as far as the options ask.
    """
    options = options or ReportOptions()
    _check(connection, options)
    query = _query(connection, options)
    with written(path) as unfinished:
        if options.format == "xlsx":
            return _write_sheet(connection, query, unfinished)
        [(rows,)] = connection.execute(
            f"""
            copy ({query}) to {literal(unfinished)}
            ({COPY_OPTIONS[options.format]}, use_tmp_file false)
            """
        ).fetchall()
        return rows


def _query(connection: duckdb.DuckDBPyConnection, options: ReportOptions) -> str:
    source = f"store_report_{options.units}"
    if options.columns == "all":
        source += "_all"
    if options.as_of:
        source += f"_as_of(timestamp '{_shown(options.as_of)}')"
    chosen = ", ".join(literal(store) for store in options.stores or [])
    condition = f"where report.store_id in ({chosen})" if options.stores else ""
    figures = "report.* exclude (store_id)"
    if options.format == "parquet":
        kinds = columns(connection, f"select * exclude (store_id) from {source}")
        figures = ", ".join(
            f"{file_value(f'report.{identifier(name)}', kind, 'parquet')} as {identifier(name)}"
            for name, kind in kinds.items()
        )
    store_id = guarded("report.store_id") if options.format == "csv" else "report.store_id"
    return f"""
        select {store_id} as store_id, {figures}
        from {source} as report {condition} order by report.store_id
    """


def _check(connection: duckdb.DuckDBPyConnection, options: ReportOptions) -> None:
    if options.stores:
        unknown = connection.execute(
            """
            select distinct store_id
            from unnest(?::varchar[]) as asked (store_id)
            where store_id not in (select store_id from store_report_minutes)
            order by store_id
            limit 10
            """,
            [options.stores],
        ).fetchall()
        if unknown:
            raise UnansweredError(
                f"There are no stores {', '.join(quoted(store) for (store,) in unknown)}."
            )
    if options.as_of:
        row = connection.execute(
            """
            select
                min(first_polled_at),
                (select make_timestamp(ahead_until_us) from intermediate.int_horizon)
            from stores
            """
        ).fetchone()
        earliest, latest = row or (None, None)
        as_of = options.as_of.replace(tzinfo=None)
        if earliest is None or not earliest <= as_of <= latest:
            raise UnansweredError(
                f"as_of: reports can look back from {earliest} to {latest} UTC, {as_of} is outside."
            )


def _shown(instant: datetime) -> str:
    return instant.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ")


def _write_sheet(connection: duckdb.DuckDBPyConnection, query: str, path: Path) -> int:
    """Write a workbook row by row; an id is text in it, whatever formula it looks like."""
    found = connection.execute(query)
    with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as workbook:
        sheet = workbook.add_worksheet("store_report")
        for column, (name, *_) in enumerate(found.description):
            sheet.write_string(0, column, name)
        number = 0
        while rows := found.fetchmany(_FETCHED_ROWS):
            for store_id, *figures in rows:
                number += 1
                if number > _SHEET_ROWS_MAX:
                    raise UnansweredError(f"A sheet has at most {_SHEET_ROWS_MAX:,} stores.")
                sheet.write_string(number, 0, store_id)
                for column, figure in enumerate(figures, 1):
                    if figure is not None:
                        sheet.write_number(number, column, float(figure))
    return number


def copy_report(source: Path, path: Path) -> None:
    """Copy a report to `path`, whole or not at all."""
    with written(path) as unfinished:
        unfinished.write_bytes(source.read_bytes())


def remove_reports(output: Path, names: Iterable[str]) -> None:
    """Remove reports for good; those that are not there need not be removed."""
    for name in names:
        (output / name).unlink(missing_ok=True)
    sync(output)


def remove_abandoned(output: Path) -> None:
    """Remove what processes that were killed left unfinished."""
    for path in output.glob(".*.tmp"):
        if path.stat().st_mtime < time.time() - _ABANDONED_SECONDS:
            path.unlink(missing_ok=True)


def notes_of_inputs(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the sentences of an open release that whoever asks for a report is to see.

    The others only count. Releases of earlier versions have none.
    """
    try:
        rows = connection.execute(
            "select note from input_notes where is_told order by input, file, kind, note"
        ).fetchall()
    except duckdb.CatalogException:
        return []
    return [note for (note,) in rows]


def open_report(output: Path, name: str) -> tuple[BinaryIO, int, str] | None:
    """Open a finished report as it is now, whatever takes its name meanwhile.

    Returns the file, its size and its ETag, or None if there is none of that name.
    """
    if not is_report(name):
        return None
    try:
        # A link, which could lead anywhere, is not followed; a pipe does not block.
        file = os.fdopen(os.open(output / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
    except OSError:
        return None
    found = os.fstat(file.fileno())
    if not stat.S_ISREG(found.st_mode):
        file.close()
        return None
    # Reports are replaced, never changed: another content is another file at another time.
    etag = f'"{found.st_mtime_ns:x}-{found.st_ino:x}-{found.st_size:x}"'
    return file, found.st_size, etag
