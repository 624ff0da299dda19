"""The record of reports, in SQLite: what was promised outlives the process that promised it."""

import fcntl
import os
import sqlite3
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal
from uuid import uuid4

Status = Literal["Queued", "Running", "Complete", "Failed"]

# A report during which the service was killed so often may be what kills it.
MAX_ATTEMPTS = 3

_TABLE = """
create table if not exists reports (
    report_id text primary key,
    status text not null check (status in ('Queued', 'Running', 'Complete', 'Failed')),
    error text,
    triggered_at text not null,
    finished_at text,
    release_id text,
    attempts integer not null default 0
) strict;
create index if not exists reports_unfinished on reports (triggered_at)
where status in ('Queued', 'Running');
"""


class InUseError(Exception):
    """Another service keeps its record in the same folder."""


@dataclass(frozen=True)
class Report:
    """One promised report."""

    report_id: str
    status: Status
    error: str | None


class Reports:
    """The record in one output folder; it belongs to one service at a time."""

    def __init__(self, output: Path) -> None:
        """Open the record, and take up again what the last service left unfinished.

        Raises InUseError if another service is running on the same folder.
        """
        self._guard = _claim(output / "reports.lock")
        path = output / "reports.sqlite"
        self._writer = _connect(path)
        self._writer.executescript(_TABLE)
        # With a log that is written ahead, readers never wait for the writer.
        self._reader = _connect(path)
        self._lock = threading.Lock()
        self.take_up_again()

    def add(self) -> str:
        """Promise a report, and return its id; it survives whatever comes once this returns."""
        report_id = str(uuid4())
        self._write(
            "insert into reports (report_id, status, triggered_at) values (?, 'Queued', ?)",
            (report_id, _now()),
        )
        return report_id

    def find(self, report_id: str) -> Report | None:
        """Return the state of a report; fast enough for an event loop."""
        row = self._reader.execute(
            "select report_id, status, error from reports where report_id = ?", (report_id,)
        ).fetchone()
        return Report(*row) if row else None

    def counts(self) -> dict[str, tuple[int, float]]:
        """Return the number of reports of each status, and the seconds they took in all."""
        with self._lock:
            rows = self._writer.execute(
                """
                select status, count(*), total((julianday(finished_at) - julianday(triggered_at)))
                from reports group by status
                """
            ).fetchall()
        return {status: (count, days * 86_400) for status, count, days in rows}

    def claim_queued(self) -> list[str]:
        """Take all queued reports to work on, the oldest first."""
        rows = self._write(
            """
            update reports set status = 'Running', attempts = attempts + 1
            where status = 'Queued'
            returning triggered_at, report_id
            """
        )
        return [report_id for _, report_id in sorted(rows)]

    def complete(self, report_id: str, release_id: str) -> None:
        self._finish(report_id, "Complete", None, release_id)

    def fail(self, report_id: str, error: str) -> None:
        self._finish(report_id, "Failed", error, None)

    def put_back(self) -> None:
        """Queue what is being worked on again, for a service that stops in good order."""
        self._write(
            "update reports set status = 'Queued', attempts = attempts - 1 where status = 'Running'"
        )

    def take_up_again(self) -> None:
        """Queue what was being worked on when the work broke off, unless that happens too often."""
        self._write(
            """
            update reports set status = 'Failed', finished_at = ?, error = ?
            where status = 'Running' and attempts >= ?
            """,
            (
                _now(),
                f"The service broke off {MAX_ATTEMPTS} times while it worked on this report.",
                MAX_ATTEMPTS,
            ),
        )
        self._write("update reports set status = 'Queued' where status = 'Running'")

    def close(self) -> None:
        self._writer.close()
        self._reader.close()
        os.close(self._guard)

    def _finish(
        self, report_id: str, status: Status, error: str | None, release_id: str | None
    ) -> None:
        self._write(
            """
            update reports set status = ?, error = ?, release_id = ?, finished_at = ?
            where report_id = ?
            """,
            (status, error, release_id, _now(), report_id),
        )

    def _write(self, statement: str, values: tuple = ()) -> list[tuple]:
        with self._lock:
            return self._writer.execute(statement, values).fetchall()


def _connect(path: Path) -> sqlite3.Connection:
    # Each statement is its own transaction, on disk when it returns.
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    return connection


def _claim(path: Path) -> int:
    """Lock a file for as long as this process lives, however it ends."""
    guard = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(guard)
        raise InUseError(f"Another service already works in {path.parent}.") from None
    return guard


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
