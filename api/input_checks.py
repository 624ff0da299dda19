"""Whether builds can read an upload: its header, and every row as far as it must be a row."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from api.input_columns import csv_delimiter, input_columns
from api.releases import quoted
from api.rows import columns, identifier, literal
from api.uploads import Upload, UploadError, check_unpacked_size


@dataclass(frozen=True)
class Rows:
    """How many rows a file has; malformed ones are lines that do not fit the header."""

    rows: int
    malformed_rows: int


def check(upload: Upload, input_name: str, unpacked_bytes_max: int) -> Rows:
    """Count the rows of an upload, or raise UploadError if it cannot be one of the input."""
    spec = input_columns()[input_name]
    try:
        if upload.format == "parquet":
            return _check_parquet(upload.path, input_name, spec, unpacked_bytes_max)
        return _check_csv(upload, input_name, spec)
    except duckdb.Error as error:
        what = "Parquet" if upload.format == "parquet" else "CSV"
        raise UploadError(
            f"The body cannot be read as {what}: {str(error).splitlines()[0]}"
        ) from None


def _check_csv(upload: Upload, input_name: str, spec: dict[str, Any]) -> Rows:
    line = upload.head.split(b"\n", 1)[0].decode("utf-8", "replace")
    line = line.removeprefix("\ufeff").strip()
    delimiter = csv_delimiter(line)
    names = [name.replace('"', "").strip().lower() for name in line.split(delimiter)]
    needed = [f"c{position}" for position in _positions(names, input_name, spec)]
    types = ", ".join(f"'c{number}': 'VARCHAR'" for number in range(len(names)))
    compression = "gzip" if upload.format == "csv.gz" else "none"
    with duckdb.connect() as connection:
        # As in the macro csv_scans, and of the same columns, so that the same lines are malformed.
        [(parsed,)] = connection.execute(
            f"""
            select count(hash({", ".join(needed)})) from read_csv(
                {quoted(upload.path)}, auto_detect = false, header = false, skip = 1,
                columns = {{{types}}}, delim = {literal(delimiter)}, quote = '"', escape = '"',
                store_rejects = true, compression = '{compression}'
            )
            """
        ).fetchall()
        [(malformed,)] = connection.execute(
            "select count(distinct line) from reject_errors"
        ).fetchall()
    return Rows(parsed + malformed, malformed)


def _check_parquet(
    path: Path, input_name: str, spec: dict[str, Any], unpacked_bytes_max: int
) -> Rows:
    with duckdb.connect() as connection:
        [(size,)] = connection.execute(
            f"select sum(total_uncompressed_size) from parquet_metadata({quoted(path)})"
        ).fetchall()
        check_unpacked_size(size or 0, unpacked_bytes_max)
        names = list(columns(connection, f"select * from read_parquet({quoted(path)})"))
        positions = _positions([name.strip().lower() for name in names], input_name, spec)
        needed = ", ".join(identifier(names[position]) for position in positions)
        # The values are read, so that a damaged file shows now.
        [(rows,)] = connection.execute(
            f"select count(hash({needed})) from read_parquet({quoted(path)})"
        ).fetchall()
    return Rows(rows, 0)


def _positions(names: list[str], input_name: str, spec: dict[str, Any]) -> list[int]:
    """Return where the columns stand that the input needs; the first spelling found counts."""
    positions = []
    for spellings in spec["columns"].values():
        found = [spelling for spelling in spellings if spelling in names]
        if not found:
            raise UploadError(
                f"There is no column {' or '.join(spellings)}, which {input_name} needs; "
                f"the columns are: {', '.join(names)[:1000]}."
            )
        positions.append(names.index(found[0]))
    return positions
