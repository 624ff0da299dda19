"""The releases that dbt publishes: immutable DuckDB files, and what leads to the newest.

That is a pointer, `current.json`, by which the service answers, and a link, `current.duckdb`, for
whoever opens the newest release by one name.
"""

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb

from api.disk import sync
from api.rows import literal

log = logging.getLogger(__name__)

NO_RELEASE = "There is no release yet: no build has succeeded so far."
DAMAGED = "The newest release cannot be opened."


# The target of dbt for experiments, and how its DuckDB file and its releases are called.
WHAT_IF = "what_if"


class NoReleaseError(Exception):
    """Nothing has been published yet, or it is damaged; the message says which."""


@dataclass(frozen=True)
class Release:
    """What the pointer says of a release: when its build began, dbt's vars and the whole policy.

    And which load of which lake it was made of; earlier versions had none.
    """

    release_id: str
    path: Path
    as_of: str
    started_at: datetime
    vars: dict[str, Any]
    policy: dict[str, Any] | None = None
    lake_id: str | None = None
    load: int | None = None


class Releases:
    """The releases in the folder of the warehouse."""

    def __init__(self, db: Path) -> None:
        """Look beside `db`, the DuckDB file that dbt builds; it is never opened here."""
        self._is_what_if = db.stem == WHAT_IF
        self.folder = db.parent / "releases"
        self.pointer = db.parent / "current.json"
        self.link = db.parent / "current.duckdb"

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
                policy=said.get("policy"),
                lake_id=said.get("lake_id"),
                load=said.get("load"),
            )
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        if release.started_at.tzinfo is None or not release.path.is_file():
            return None
        return release

    def no_release(self) -> NoReleaseError:
        """Return what tells why `newest` found none."""
        if not self.pointer.exists():
            return NoReleaseError(NO_RELEASE)
        return NoReleaseError(
            f"The pointer {self.pointer} cannot be read, or names a release that is gone; "
            "a new build mends that."
        )

    @contextmanager
    def open_newest(self) -> Iterator[tuple[Release, duckdb.DuckDBPyConnection]]:
        """Open the newest release, also if it is pruned between finding and opening it.

        Raises NoReleaseError if nothing has been published yet, or it is damaged.
        """
        release, connection = self.attach_newest()
        with connection:
            yield release, connection

    def attach_newest(
        self, database: Callable[[Release], str] = lambda _: ":memory:"
    ) -> tuple[Release, duckdb.DuckDBPyConnection]:
        """Do what `open_newest` does, in the DuckDB database named; the caller closes it."""
        while True:
            release = self.newest()
            if release is None:
                raise self.no_release()
            try:
                return release, attach(release.path, database(release))
            except duckdb.IOException as error:
                if release.path.exists():
                    log.warning("The release %s cannot be opened: %s", release.release_id, error)
                    raise NoReleaseError(DAMAGED) from error

    def publish(self, pointer: str) -> None:
        """Have the pointer say this, in JSON, and the link lead to the release that it names.

        Both are replaced whole, and all that they lead to is on disk before.
        """
        said = json.loads(pointer)
        sync(self.pointer.parent / said["path"])
        sync(self.folder)
        unfinished = self.pointer.with_name(f".{self.pointer.name}-{uuid4().hex}")
        try:
            unfinished.write_text(pointer, encoding="utf-8")
            sync(unfinished)
            unfinished.replace(self.pointer)
        finally:
            unfinished.unlink(missing_ok=True)
        self.lead_to_newest()

    def lead_to_newest(self) -> None:
        """Have the link lead to the newest release, where it does not yet.

        A file of that name is somebody's own, and stays.
        """
        newest = self.newest()
        if newest is None or (self.link.exists() and not self.link.is_symlink()):
            return
        target = os.path.relpath(newest.path, self.link.parent)
        if not (self.link.is_symlink() and os.readlink(self.link) == target):
            unfinished = self.link.with_name(f".{self.link.name}-{uuid4().hex}")
            unfinished.symlink_to(target)
            unfinished.replace(self.link)
        sync(self.link.parent)

    def remove_unfinished(self) -> None:
        """Remove what builds that were killed, or had no room, left of releases.

        DuckDB's log stands beside a release until it is finished. For whoever has the warehouse
        open, as nobody else writes a release then, but for those of the target `what_if`, which
        has a DuckDB file of its own.
        """
        self.lead_to_newest()
        current = self.newest()
        for log_file in self.folder.glob("*.duckdb.wal"):
            path = log_file.with_suffix("")
            if path.name.startswith(WHAT_IF) != self._is_what_if:
                continue
            if current is None or path.name != current.path.name:
                _remove(path, "unfinished release")

    def prune(self, kept: int, kept_seconds: float) -> None:
        """Remove releases that are neither among the newest `kept` nor younger than given.

        A reader that has one open keeps it: the file goes when its last reader does.
        """
        current = self.newest()
        found = sorted(self.folder.glob("*.duckdb"), key=_modified_at, reverse=True)
        for path in found[kept:]:
            is_current = current is not None and path.samefile(current.path)
            if not is_current and _modified_at(path) < time.time() - kept_seconds:
                _remove(path, "release")


class SharedReleases:
    """The newest release, opened once for all readers; each has a connection of its own.

    To connect to an open release takes a twentieth of the time that opening it takes.
    """

    def __init__(self, releases: Releases) -> None:
        self._releases = releases
        # DuckDB finds an open database of this process by its name.
        self._name = uuid4().hex
        self._lock = threading.Lock()
        self._open: tuple[Release, duckdb.DuckDBPyConnection] | None = None

    def newest(self) -> Release:
        """Return the newest release, or raise NoReleaseError."""
        release = self._releases.newest()
        if release is None:
            raise self._releases.no_release()
        return release

    @contextmanager
    def open_newest(self) -> Iterator[tuple[Release, duckdb.DuckDBPyConnection]]:
        """Do what `Releases.open_newest` does, faster."""
        with self._lock:
            release = self._newest_open()
            connection = duckdb.connect(self._database(release))
        with connection:
            connection.execute("use release; set timezone = 'UTC'")
            yield release, connection

    def close(self) -> None:
        """Close the release; who reads it goes on."""
        with self._lock:
            self._close()

    def _newest_open(self) -> Release:
        newest = self.newest()
        if self._open is None or self._open[0].release_id != newest.release_id:
            found = self._releases.attach_newest(self._database)
            self._close()
            self._open = found
        return self._open[0]

    def _database(self, release: Release) -> str:
        return f":memory:{release.release_id}-{self._name}"

    def _close(self) -> None:
        if self._open is not None:
            self._open[1].close()
            self._open = None


def publish_pointer(pointer: str, said: str) -> str:
    """Publish a release, as the SQL function of this name; the first is the pointer's path."""
    Releases(Path(pointer)).publish(said)
    return pointer


def attach(path: Path, database: str = ":memory:") -> duckdb.DuckDBPyConnection:
    """Return a connection of its own that reads a release; the caller closes it."""
    connection = duckdb.connect(database)
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
    return f"attach {literal(path)} as release (read_only); use release;"


def _remove(path: Path, what: str) -> None:
    path.unlink(missing_ok=True)
    path.with_name(path.name + ".wal").unlink(missing_ok=True)
    log.info("Removed the %s %s", what, path.stem)


def _modified_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
