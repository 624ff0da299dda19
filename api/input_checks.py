"""Whether builds can read an upload: its header, the first of its rows, and all as rows."""

from dataclasses import dataclass
from typing import Any

import duckdb

from api.csv_files import DamagedError, csv_dialect
from api.errors import quoted
from api.input_columns import expression, input_columns
from api.rows import columns, identifier, literal
from api.uploads import Upload, UploadError, check_unpacked_size

_INEXACT = ("FLOAT", "DOUBLE")
_SAMPLE_ROWS = 1000

# The macro by which staging reads a column that every row needs, and what it can read.
_READABLE = {
    "timestamp_utc": ("instant_us", "2026-03-12 18:13:22 UTC"),
    "from": ("instant_us", "2026-03-12 18:13:22 UTC"),
    "to": ("instant_us", "2026-03-12 18:13:22 UTC"),
    "date": ("local_day", "2026-12-24"),
    "start_time_local": ("time_of_day_us", "09:00:00"),
    "end_time_local": ("time_of_day_us", "17:00:00"),
}


@dataclass(frozen=True)
class Rows:
    """How many rows a file has; malformed ones are lines that do not fit the header."""

    rows: int
    malformed_rows: int


def check(upload: Upload, input_name: str, unpacked_bytes_max: int) -> Rows:
    """Count the rows of an upload, or raise UploadError if it cannot be one of the input."""
    spec = input_columns()[input_name]
    with duckdb.connect() as connection:
        try:
            if upload.format == "parquet":
                return _check_parquet(connection, upload, input_name, spec, unpacked_bytes_max)
            return _check_csv(connection, upload, input_name, spec)
        except (duckdb.Error, DamagedError) as error:
            what = "Parquet" if upload.format == "parquet" else "CSV"
            why = str(error).partition("\n")[0].replace(str(upload.path), "the body")
            raise UploadError(f"The body cannot be read as {what}: {why.rstrip('.')}.") from None


def _check_csv(
    connection: duckdb.DuckDBPyConnection, upload: Upload, input_name: str, spec: dict[str, Any]
) -> Rows:
    dialect = csv_dialect(upload.path, is_packed=upload.format == "csv.gz")
    positions = _positions(dialect.names, input_name, spec)
    types = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(len(dialect.names)))
    compression = "gzip" if dialect.is_packed else "none"
    lenient = "strict_mode = false, new_line = '\\n'," if dialect.mixes_line_ends else ""
    # As in the macro csv_scans, and of the same columns, so that the same lines are malformed.
    source = f"""
        read_csv(
            {literal(upload.path)}, auto_detect = false, header = false, skip = 1,
            columns = {{{types}}}, delim = {literal(dialect.delimiter)},
            quote = '"', escape = '"',
            {lenient}
            store_rejects = true, compression = '{compression}'
        )
    """
    needed = {name: f"c{position}" for name, position in positions.items()}
    parsed = _count(connection, source, needed)
    [(malformed,)] = connection.execute("select count(distinct line) from reject_errors").fetchall()
    _check_sample(connection, source, needed, spec)
    return Rows(parsed + malformed, malformed)


def _check_parquet(
    connection: duckdb.DuckDBPyConnection,
    upload: Upload,
    input_name: str,
    spec: dict[str, Any],
    unpacked_bytes_max: int,
) -> Rows:
    file = literal(upload.path)
    [(size,)] = connection.execute(
        f"select sum(total_uncompressed_size) from parquet_metadata({file})"
    ).fetchall()
    check_unpacked_size(size or 0, unpacked_bytes_max)
    source = f"read_parquet({file})"
    types = columns(connection, f"select * from {source}")
    names = list(types)
    positions = _positions([name.strip().lower() for name in names], input_name, spec)
    if "store_id" in positions and (kind := types[names[positions["store_id"]]]) in _INEXACT:
        raise UploadError(
            f"The column store_id is {kind}, which does not hold all ids exactly; "
            "write them as text or as whole numbers."
        )
    needed = {name: identifier(names[position]) for name, position in positions.items()}
    rows = _count(connection, source, needed)
    _check_sample(connection, source, needed, spec)
    return Rows(rows, 0)


def _positions(names: list[str], input_name: str, spec: dict[str, Any]) -> dict[str, int]:
    """Return where each column stands that the input needs; the first spelling found counts.

    An optional column may be missing, and none of them may come twice.
    """
    positions = {}
    for name, spellings in spec["columns"].items():
        found = [spelling for spelling in spellings if spelling in names]
        if not found and name in spec.get("optional_columns", []):
            continue
        if not found:
            raise UploadError(
                f"There is no column {' or '.join(spellings)}, which {input_name} needs; "
                f"the columns are: {', '.join(names)[:1000]}."
            )
        if (times := names.count(found[0])) > 1:
            raise UploadError(f"The column {found[0]} comes {times} times; once is expected.")
        positions[name] = names.index(found[0])
    return positions


def _count(connection: duckdb.DuckDBPyConnection, source: str, needed: dict[str, str]) -> int:
    """Count rows; the values are read, so that a damaged file shows now."""
    values = ", ".join(needed.values())
    [(rows,)] = connection.execute(f"select count(hash({values})) from {source}").fetchall()
    return rows


def _check_sample(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    needed: dict[str, str],
    spec: dict[str, Any],
) -> None:
    """Raise UploadError if a column can be read in none of the first rows."""
    sample = ", ".join(
        f"cast({column} as varchar) as {identifier(name)}" for name, column in needed.items()
    )
    for name, (macro, example) in _READABLE.items():
        if name not in needed or name in spec.get("optional_columns", []):
            continue
        named = identifier(name)
        [(rows, readable, first)] = connection.execute(
            f"""
            select count(*), count({expression(macro, named)}), any_value({named})
            from (select {sample} from {source} limit {_SAMPLE_ROWS})
            """
        ).fetchall()
        if rows and not readable:
            raise UploadError(
                f"In none of the first {rows} rows can {name} be read: it is {quoted(first)}, and "
                f"something like {example!r} is expected."
            )
