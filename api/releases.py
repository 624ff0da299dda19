"""The releases that dbt publishes: immutable DuckDB files, and a pointer to the newest."""

import json
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

log = logging.getLogger(__name__)


class NoReleaseError(Exception):
    """Nothing has been published yet."""


@dataclass(frozen=True)
class Release:
    """What the pointer says of a release; `started_at` is when its build began."""

    release_id: str
    path: Path
    as_of: str
    started_at: datetime
    vars: dict[str, Any]


class Releases:
    """The releases in the folder of the warehouse."""

    def __init__(self, db: Path) -> None:
        """Look beside `db`, the DuckDB file that dbt builds; it is never opened here."""
        self.folder = db.parent / "releases"
        self.pointer = db.parent / "current.json"

    def newest(self) -> Release | None:
        """Return the newest release, or None if none is there or the pointer makes no sense."""
        try:
            said = json.loads(self.pointer.read_text())
            release = Release(
                release_id=said["release"],
                path=self.pointer.parent / said["path"],
                as_of=said["as_of"],
                started_at=datetime.fromisoformat(said["started_at"]),
                vars=said["vars"] or {},
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if release.started_at.tzinfo is None or not release.path.is_file():
            return None
        return release

    @contextmanager
    def open_newest(self) -> Iterator[tuple[Release, duckdb.DuckDBPyConnection]]:
        """Open the newest release, also if it is pruned between finding and opening it.

        Raises NoReleaseError if nothing has been published yet.
        """
        while True:
            release = self.newest()
            if release is None:
                raise NoReleaseError("There is no release yet: no build has succeeded so far.")
            try:
                connection = attach(release.path)
            except duckdb.IOException:
                if release.path.exists():
                    raise
                continue
            with connection:
                yield release, connection
            return

    def prune(self, kept: int, kept_seconds: float) -> None:
        """Remove releases that are neither among the newest `kept` nor younger than given.

        A reader that has one open keeps it: the file goes when its last reader does.
        """
        current = self.newest()
        found = sorted(self.folder.glob("*.duckdb"), key=_modified_at, reverse=True)
        for path in found[kept:]:
            is_current = current is not None and path.samefile(current.path)
            if not is_current and _modified_at(path) < time.time() - kept_seconds:
                path.unlink(missing_ok=True)
                path.with_name(path.name + ".wal").unlink(missing_ok=True)
                log.info("Removed the release %s", path.stem)


def attach(path: Path) -> duckdb.DuckDBPyConnection:
    """Return a connection of its own that reads a release; the caller closes it."""
    connection = duckdb.connect()
    try:
        connection.execute(attach_sql(path))
        connection.execute("set timezone = 'UTC'")
    except BaseException:
        connection.close()
        raise
    return connection


def attach_sql(path: Path) -> str:
    """Return the statements that make a release the current database, under the name `release`.

    The name matters: DuckDB 1.5 writes it into the views of a release.
    """
    return f"attach {quoted(path)} as release (read_only); use release;"


def quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def _modified_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
