"""Reports as files: the CSV of one release, complete or not there at all."""

import os
import re
import time
from pathlib import Path

import duckdb

from api.releases import quoted

NEWEST = "store_report.csv"
_NAME = re.compile(r"store_report\.csv|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.csv")

# A process that was killed leaves its unfinished file; nobody writes on one for so long.
_ABANDONED_SECONDS = 3600


def is_report(name: str) -> bool:
    """Say whether a file of this name in the output folder is a finished report."""
    return _NAME.fullmatch(name) is not None


def write_csv(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    """Write the report of the open release to `path`, whole or not at all; return its rows."""
    unfinished = _unfinished(path)
    try:
        rows = connection.execute(
            f"""
            copy (select * from store_report_minutes order by store_id)
            to {quoted(unfinished)} (format csv, header true, use_tmp_file false)
            """
        ).fetchone()
        _finish(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)
    return rows[0] if rows else 0


def copy_csv(source: Path, path: Path) -> None:
    """Copy a report to `path`, whole or not at all."""
    unfinished = _unfinished(path)
    try:
        unfinished.write_bytes(source.read_bytes())
        _finish(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def remove_abandoned(output: Path) -> None:
    """Remove what processes that were killed left unfinished."""
    for path in output.glob(".*.csv.*.tmp"):
        if path.stat().st_mtime < time.time() - _ABANDONED_SECONDS:
            path.unlink(missing_ok=True)


def _unfinished(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


def _finish(unfinished: Path, path: Path) -> None:
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    unfinished.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
