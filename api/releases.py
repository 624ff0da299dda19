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
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb

from api.disk import written
from api.rows import literal
from loader.manifest import sync

log = logging.getLogger(__name__)

NO_RELEASE = "There is no release yet: no build has succeeded so far."
DAMAGED = "The newest release cannot be opened."
# What DuckDB says of a file that is damaged; some damage shows only when that part is read.
_DAMAGES = ("Corrupt database file", "Could not read enough bytes", "not a valid DuckDB")
# After so long it is looked at anew: it may have been put right.
_DAMAGED_SECONDS = 60.0

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

    @property
    def known_until(self) -> datetime:
        """What `as_of` says, in UTC without a zone."""
        return datetime.fromisoformat(self.as_of).astimezone(UTC).replace(tzinfo=None)


class Releases:
    """The releases in the folder of the warehouse."""

    def __init__(self, db: Path) -> None:
        """Look beside `db`, the DuckDB file that dbt builds; it is never opened here."""
        self._is_what_if = db.stem == WHAT_IF
        self.folder = db.parent / "releases"
        self.pointer = db.parent / "current.json"
        self.link = db.parent / "current.duckdb"
        # Releases that could not be read, and when.
        self._damaged: dict[str, float] = {}

    def newest(self) -> Release | None:
        """Return the newest release, or None if none is there or the pointer makes no sense."""
        return self._said(self.pointer)

    def readable(self) -> Release:
        """Return the newest release that is not known as damaged, or raise NoReleaseError."""
        newest = self.newest()
        if newest is not None and not self._is_damaged(newest):
            return newest
        if not self.pointer.exists():
            raise NoReleaseError(NO_RELEASE)
        before = [
            found
            for path in self.folder.glob("*.json")
            if (found := self._said(path)) is not None
            and not self._is_damaged(found)
            and (newest is None or found.started_at < newest.started_at)
        ]
        if before:
            return max(before, key=lambda found: found.started_at)
        if newest is not None:
            raise NoReleaseError(DAMAGED)
        raise NoReleaseError(
            "What leads to the newest release cannot be read, or names one that is gone; "
            "a new build mends that."
        )

    def damaged(self) -> str | None:
        """Return what the newest release is called if an earlier one has its place."""
        newest = self.newest()
        if newest is None:
            return f"that {self.pointer.name} names" if self.pointer.exists() else None
        return newest.release_id if self._is_damaged(newest) else None

    def give_up(self, release: Release, error: duckdb.Error) -> None:
        """Read a release no more for a while."""
        if release.release_id not in self._damaged:
            log.error("The release %s cannot be read: %s", release.release_id, error)
        self._damaged[release.release_id] = time.monotonic()

    def _is_damaged(self, release: Release) -> bool:
        at = self._damaged.get(release.release_id)
        return at is not None and time.monotonic() < at + _DAMAGED_SECONDS

    def _said(self, path: Path) -> Release | None:
        """Return the release of which a pointer tells."""
        try:
            said = json.loads(path.read_text())
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

    @contextmanager
    def open_newest(self) -> Iterator[tuple[Release, duckdb.DuckDBPyConnection]]:
        """Open the newest release, also if it is pruned between finding and opening it.

        One that is damaged leaves its place to the one before it. Raises NoReleaseError if there is
        none, or it is damaged, too.
        """
        release, connection = self.attach_newest()
        with connection:
            yield release, connection

    def attach_newest(
        self, database: Callable[[Release], str] = lambda _: ":memory:"
    ) -> tuple[Release, duckdb.DuckDBPyConnection]:
        """Do what `open_newest` does, in the DuckDB database named; the caller closes it."""
        while True:
            release = self.readable()
            try:
                return release, attach(release.path, database(release))
            except duckdb.Error as error:
                # It may have been pruned just now.
                if release.path.exists():
                    self.give_up(release, error)

    def publish(self, pointer: str) -> None:
        """Have the pointer say this, in JSON, and the link lead to the release that it names.

        Both are replaced whole, and all that they lead to is on disk before.
        """
        said = json.loads(pointer)
        sync(self.pointer.parent / said["path"])
        sync(self.folder)
        # Beside the release, for when a later one is damaged.
        for path in (self.folder / f"{said['release']}.json", self.pointer):
            with written(path) as unfinished:
                unfinished.write_text(pointer, encoding="utf-8")
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
                remove(path)
                log.info("Removed the unfinished release %s", path.stem)

    def prune(self, kept: int, kept_seconds: float) -> None:
        """Remove releases that are neither among the newest `kept` nor younger than given.

        A reader that has one open keeps it: the file goes when its last reader does.
        """
        current = self.newest()
        found = sorted(self.folder.glob("*.duckdb"), key=_modified_at, reverse=True)
        for path in found[kept:]:
            is_current = current is not None and path.samefile(current.path)
            if not is_current and _modified_at(path) < time.time() - kept_seconds:
                remove(path)
                log.info("Removed the release %s", path.stem)


class SharedReleases(Releases):
    """The newest release, opened once for all readers; each has a connection of its own.

    To connect to an open release takes a twentieth of the time that opening it takes.
    """

    def __init__(self, db: Path) -> None:
        super().__init__(db)
        # DuckDB finds an open database of this process by its name.
        self._name = uuid4().hex
        self._lock = threading.Lock()
        self._open: tuple[Release, duckdb.DuckDBPyConnection] | None = None

    @contextmanager
    def open_newest(self) -> Iterator[tuple[Release, duckdb.DuckDBPyConnection]]:
        """Do what `Releases.open_newest` does, faster."""
        with self._lock:
            newest = self.readable()
            if self._open is None or self._open[0].release_id != newest.release_id:
                found = self.attach_newest(self._database)
                self._close()
                self._open = found
            release = self._open[0]
            connection = duckdb.connect(self._database(release))
        with connection:
            connection.execute("use release; set timezone = 'UTC'")
            yield release, connection

    def close(self) -> None:
        """Close the release; who reads it goes on."""
        with self._lock:
            self._close()

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


def is_damage(error: duckdb.Error) -> bool:
    """Say whether DuckDB tells of a file that is damaged."""
    return any(said in str(error) for said in _DAMAGES)


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


def remove(path: Path) -> None:
    """Remove a release, finished or not."""
    path.unlink(missing_ok=True)
    path.with_name(path.name + ".wal").unlink(missing_ok=True)
    path.with_suffix(".json").unlink(missing_ok=True)


def _modified_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
