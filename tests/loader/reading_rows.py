"""Reads files that a test writes, and gives their rows in the lake as dictionaries."""

from pathlib import Path
from typing import Any

import duckdb

from loader.inputs import INPUTS
from loader.reading import SourceFile, selects

# 2027-01-01
CLOCK_US = 1798761600000000


def read(one: str, *paths: Path, clock_us: int = CLOCK_US) -> list[dict[str, Any]]:
    """Return the rows of all the files, of which the first has the key 1, by file and line."""
    files = [
        SourceFile(key, path, path.name.lower().partition(".")[2].split("/")[-1])
        for key, path in enumerate(paths, 1)
    ]
    with duckdb.connect() as connection:
        found = selects(connection, INPUTS[one], files, clock_us)
        rows = connection.execute(
            " union all ".join(f"({select})" for select in found)
            + " order by file_key, line_number"
        )
        names = [column[0] for column in rows.description]
        return [dict(zip(names, row, strict=True)) for row in rows.fetchall()]


def columns(rows: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    """Return some columns of the rows."""
    return [tuple(row[name] for name in names) for row in rows]


def write_parquet(path: Path, select: str) -> Path:
    """Write what a query gives."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"copy ({select}) to '{path}' (format parquet)")
    return path
