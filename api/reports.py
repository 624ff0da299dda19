"""The record of reports, in SQLite: what was promised outlives the process that promised it."""

import asyncio
import fcntl
import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from api.builds import Progress
from api.disk import Record, connect, for_clients
from api.instants import as_text, now
from api.snapshots import Format, ReportOptions

Status = Literal["Queued", "Running", "Complete", "Failed"]

_LOCK = "reports.lock"

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
create index if not exists reports_by_time on reports (triggered_at, report_id);
create index if not exists reports_unfinished on reports (triggered_at)
where status in ('Queued', 'Running');
"""

# What later versions have added to the table.
_ADDED = {
    "options": "text not null default '{}'",
    "format": "text not null default 'csv'",
    "requested_by": "text",
    "idempotency_key": "text",
    "as_of": "text",
    "stores": "integer",
    "rejected_rows": "integer",
    "methodology": "text",
    "notes": "text",
    "token_id": "text not null default ''",
}
# Keys of earlier versions belonged to a name alone.
_ADDED_INDEX = """
create unique index if not exists reports_by_token_and_key
on reports (token_id, requested_by, idempotency_key) where idempotency_key is not null;
drop index if exists reports_by_key;
"""
CANCELLED = "Cancelled on request."


class InUseError(Exception):
    """Another service keeps its record in the same folder."""


@dataclass(frozen=True)
class Report:
    """One promised report."""

    report_id: str
    status: Status
    error: str | None
    format: Format = "csv"
    # Whose it is; empty for whoever has no token.
    token_id: str = ""

    @property
    def file_name(self) -> str:
        return f"{self.report_id}.{self.format}"


@dataclass(frozen=True)
class Contents:
    """What a finished report tells of; `as_of` in ISO 8601, `methodology` the policy by name.

    `notes` are sentences about the inputs as a whole.
    """

    release_id: str
    as_of: str | None = None
    stores: int | None = None
    rejected_rows: int | None = None
    methodology: dict[str, Any] | None = None
    notes: list[str] | None = None


class Entry(BaseModel):
    """A report in the list; what is not known yet is null."""

    report_id: str
    status: Status
    error: str | None
    format: Format
    options: dict[str, Any] = Field(description="Those asked for that are not the default.")
    requested_by: str | None = Field(description="Name of the token.")
    requested_at: str
    finished_at: str | None
    as_of: str | None
    stores: int | None = Field(description="How many stores the report has.")
    rejected_rows: int | None = Field(description="How many rows of the inputs were set aside.")
    methodology: dict[str, Any] | None = Field(description="The policy behind the numbers.")
    notes: list[str] | None = Field(
        description="Sentences about the inputs as a whole: what was not read, what looks wrong."
    )
    progress: Progress | None = Field(
        None, description="While it is running, if that takes a build."
    )


class Reports:
    """The record in one output folder; it belongs to one service at a time."""

    def __init__(self, output: Path, folders: Sequence[Path] = ()) -> None:
        """Open the record, and take up again what the last service left unfinished.

        What it tells does not name these `folders` of this machine.

        Raises InUseError if another service is running on the same folder.
        """
        self._guard = _claim(output / _LOCK)
        self._folders = folders
        self._path = output / "reports.sqlite"
        self._writer = connect(self._path)
        self._writer.executescript(_TABLE)
        self._add_columns()
        self.record = Record(self._path, "reports")
        # With a log that is written ahead, readers never wait for the writer.
        self._reader = connect(self._path)
        self._lock = threading.Lock()
        # Why reports failed, where that could not be written down yet.
        self._unwritten: dict[str, str] = {}
        # Is called after each change, in whichever thread.
        self.told: Callable[[], None] = lambda: None
        self.take_up_again()

    def add(
        self,
        options: ReportOptions | None = None,
        requested_by: str | None = None,
        key: str | None = None,
        token_id: str | None = None,
    ) -> str:
        """Promise a report, and return its id; it survives whatever comes once this returns.

        The same key from the same token, or from those without one, gives the report that it gave
        before; raises HTTPException 409 if the options are others.
        """
        report_id = str(uuid4())
        options = options or ReportOptions()
        said = options.model_dump_json(exclude_defaults=True)
        # Without a name the unique index would let a key pass twice.
        asker = requested_by if key is None else requested_by or ""
        token_id = token_id or ""
        added = self._write(
            """
            insert into reports
                (report_id, status, triggered_at, options, format, token_id, requested_by,
                idempotency_key)
            values (?, 'Queued', ?, ?, ?, ?, ?, ?)
            on conflict do nothing
            returning report_id
            """,
            (report_id, now(), said, options.format, token_id, asker, key),
        )
        if added:
            return report_id
        [(before, said_before)] = self.read(
            """
            select report_id, options from reports
            where token_id = ? and requested_by = ? and idempotency_key = ?
            """,
            (token_id, asker, key),
        )
        if said_before != said:
            raise HTTPException(
                409, f"The key {key!r} belongs to the report {before}, which has other options."
            )
        return before

    def find(self, report_id: str) -> Report | None:
        """Return the state of a report; fast enough for an event loop."""
        row = self._reader.execute(
            "select report_id, status, error, format, token_id from reports where report_id = ?",
            (report_id,),
        ).fetchone()
        if row is None:
            return None
        report = Report(*row)
        if error := self._unwritten.get(report_id):
            report = replace(report, status="Failed", error=error)
        if report.error:
            report = replace(report, error=self._for_clients(report.error))
        return report

    def options(self, report_id: str) -> ReportOptions:
        """Return what was asked of a report."""
        rows = self.read("select options from reports where report_id = ?", (report_id,))
        return ReportOptions.model_validate_json(rows[0][0]) if rows else ReportOptions()

    def cancel(self, report_id: str) -> bool:
        """End a report that is not finished; False if it is, or if there is none."""
        cancelled = self._write(
            """
            update reports set status = 'Failed', finished_at = ?, error = ?
            where report_id = ? and status in ('Queued', 'Running')
            returning report_id
            """,
            (now(), CANCELLED, report_id),
        )
        return bool(cancelled)

    def is_any_awaited(self) -> bool:
        """Say whether any report that is being worked on is still wanted."""
        return bool(self.read("select 1 from reports where status = 'Running' limit 1"))

    def expired(self, days: float) -> Sequence[Report]:
        """Return the reports that were finished more than so many days ago."""
        rows = self.read(
            "select report_id, status, error, format from reports where finished_at < ?",
            (as_text(datetime.now(UTC) - timedelta(days=days)),),
        )
        return [Report(*row) for row in rows]

    def forget(self, reports: Iterable[Report]) -> None:
        """Strike reports whose files are gone: once struck, nothing leads to a file any more."""
        self._write(
            "delete from reports where report_id in (select value from json_each(?))",
            (json.dumps([report.report_id for report in reports]),),
        )

    def counts(self) -> dict[str, tuple[int, float]]:
        """Return the number of reports of each status, and the seconds they took in all."""
        rows = self.read(
            """
            select status, count(*), total((julianday(finished_at) - julianday(triggered_at)))
            from reports group by status
            """
        )
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

    def complete(
        self, report_id: str, contents: Contents, renew: Callable[[], None] | None = None
    ) -> bool:
        """Record that the file is there; False if nobody wants the report any more.

        If somebody does, `renew` is called before anyone is told. Should it fail or be killed, the
        report is not complete.
        """
        said = {
            name: json.dumps(value) if isinstance(value, dict | list) else value
            for name, value in asdict(contents).items()
        }
        finished = self._write(
            f"""
            update reports
            set status = 'Complete', finished_at = ?, {", ".join(f"{name} = ?" for name in said)}
            where report_id = ? and status = 'Running'
            returning report_id
            """,
            (now(), *said.values(), report_id),
            renew,
        )
        return bool(finished)

    def fail(self, report_ids: Iterable[str], error: str) -> None:
        """End reports that are not finished; if that cannot be written down yet, it is known."""
        self._unwritten |= dict.fromkeys(report_ids, error)
        self.told()
        with suppress(sqlite3.Error):
            self._write("select 1")

    def give_up(self, error: str) -> None:
        """Fail all that is not finished."""
        rows = self.read("select report_id from reports where status in ('Queued', 'Running')")
        self.fail([report_id for (report_id,) in rows], error)

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
                now(),
                f"The service broke off {MAX_ATTEMPTS} times while it worked on this report.",
                MAX_ATTEMPTS,
            ),
        )
        self._write("update reports set status = 'Queued' where status = 'Running'")

    def entries(self, limit: int, before: tuple[str, str] | None = None) -> list[Entry]:
        """Return reports, the newest first, of those before a `requested_at` and report id."""
        return self._entries(
            """
            where (triggered_at, report_id) < (?, ?)
            order by triggered_at desc, report_id desc
            limit ?
            """,
            (*(before or ("~", "~")), limit),
        )

    def entry(self, report_id: str) -> Entry | None:
        """Return one report, or None if there is none of that id."""
        return next(iter(self._entries("where report_id = ?", (report_id,))), None)

    def _entries(self, condition: str, values: tuple) -> list[Entry]:
        rows = self.read(
            f"""
            select
                report_id, status, error, format, options, nullif(requested_by, ''), triggered_at,
                finished_at, as_of, stores, rejected_rows, methodology, notes
            from reports
            {condition}
            """,
            values,
        )
        names = list(Entry.model_fields)
        found = []
        for row in rows:
            said = dict(zip(names, row, strict=False))
            for name in ("options", "methodology", "notes"):
                said[name] = said[name] and json.loads(said[name])
            if error := self._unwritten.get(said["report_id"]):
                said |= {"status": "Failed", "error": error}
            entry = Entry(**said)
            entry.error = entry.error and self._for_clients(entry.error)
            entry.notes = entry.notes and [self._for_clients(note) for note in entry.notes]
            found.append(entry)
        return found

    def _for_clients(self, text: str) -> str:
        return for_clients(text, *self._folders)

    def read(self, statement: str, values: tuple = ()) -> list[tuple]:
        """Read what has been written so far, where it may take longer than an event loop waits."""
        with self._lock:
            return self._writer.execute(statement, values).fetchall()

    def close(self) -> None:
        # Work that did not end in time may be writing just now: SQLite would crash with it.
        with self._lock:
            self._writer.close()
        self._reader.close()
        os.close(self._guard)

    def _add_columns(self) -> None:
        there = {row[1] for row in self._writer.execute("pragma table_info(reports)")}
        for name, kind in _ADDED.items():
            if name not in there:
                self._writer.execute(f"alter table reports add column {name} {kind}")
        self._writer.executescript(_ADDED_INDEX)

    def _write(
        self, statement: str, values: tuple = (), first: Callable[[], None] | None = None
    ) -> list[tuple]:
        """Write, and return the rows; if there are any, only once `first` has returned."""
        with self._lock:
            with self._writer:
                self._writer.execute("begin immediate")
                failed = list(self._unwritten.items())
                self._writer.executemany(
                    """
                    update reports set status = 'Failed', error = ?, finished_at = ?
                    where report_id = ? and status in ('Queued', 'Running')
                    """,
                    [(error, now(), report_id) for report_id, error in failed],
                )
                rows = self._writer.execute(statement, values).fetchall()
                if rows and first:
                    first()
            for report_id, _ in failed:
                del self._unwritten[report_id]
            self.told()
        return rows


def _claim(path: Path) -> int:
    """Lock a file for as long as this process lives, however it ends."""
    guard = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(guard)
        raise InUseError(f"Another service already works in {path.parent}.") from None
    return guard


class Changes:
    """Tells whoever waits that something has changed; made on the event loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._next: asyncio.Future[None] = self._loop.create_future()
        self._is_closed = False

    def tell(self) -> None:
        """Wake all who wait, from any thread."""
        with suppress(RuntimeError):
            # The loop may have ended.
            self._loop.call_soon_threadsafe(self._wake)

    async def wait(self, until: float) -> bool:
        """Wait for a change, at most until this time of the loop; False if there was none."""
        left = until - self._loop.time()
        if left <= 0 or self._is_closed:
            return False
        await asyncio.wait([self._next], timeout=left)
        return True

    def until(self, seconds: float) -> float:
        """Return the time of the loop that comes in so many seconds."""
        return self._loop.time() + seconds

    def close(self) -> None:
        """Let nobody wait any more, from any thread or signal."""
        self._is_closed = True
        self.tell()

    def _wake(self) -> None:
        self._next.set_result(None)
        self._next = self._loop.create_future()
