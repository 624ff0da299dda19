"""One version of a file, whatever its dialect, to the rows of the lake.

A new format goes into `selects`, with a module that gives a `Scan`; `rows` does the rest.
"""

import tempfile
import weakref
from collections.abc import Sequence
from pathlib import Path

import duckdb

from loader.inputs import Input
from loader.reading.delimited import delimited_scans
from loader.reading.jsons import json_scans
from loader.reading.parquet import parquet_scans
from loader.reading.rows import select
from loader.reading.scan import SourceFile, check_columns

__all__ = ["SourceFile", "selects"]


def selects(
    connection: duckdb.DuckDBPyConnection,
    input: Input,
    files: Sequence[SourceFile],
    clock_us: int,
    scratch: Path | None = None,
) -> list[str]:
    """Return selects that together give the rows of the lake, but for the part's key.

    They are for this connection. What DuckDB cannot read itself is written into the folder
    `scratch` and must stay there until they have run; without one, until the connection is gone.
    Raises InputError, which names the file.
    """
    connection.execute("set TimeZone = 'UTC'")
    if scratch is None:
        folder = tempfile.TemporaryDirectory(prefix="store_uptime_")
        weakref.finalize(connection, folder.cleanup)
        scratch = Path(folder.name)
    parquet, json, text = [], [], []
    for file in files:
        ending = file.format.split(".")[0]
        of_format = {"parquet": parquet, "csv": text}.get(ending, json)
        of_format.append(file)
    scans = [
        *delimited_scans(text, scratch),
        *json_scans(input, json, scratch),
        *parquet_scans(connection, input, parquet),
    ]
    for scan in scans:
        check_columns(scan.files[0], len(scan.columns))
    return [select(input, scan, clock_us) for scan in scans]
