"""The audit log, in SQLite: who changed what, and which token was refused."""

import asyncio
import json
import logging
import queue
import re
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from api.disk import Record, connect
from api.instants import as_text, now

log = logging.getLogger(__name__)

_TABLE = """
create table if not exists audit (
    audit_id integer primary key autoincrement,
    at text not null,
    principal text not null,
    action text not null,
    detail text not null,
    outcome text not null,
    client text not null,
    request_id text not null
) strict;
"""
_TEXT_MAX = 500
_LAST = 1 << 62
# A request waits no longer for its entry, which is written all the same once that is possible.
_WAIT_SECONDS = 5.0
_RETRY_SECONDS = 0.5
_STOP_SECONDS = 1.5
# Of refusals; entries of changes wait however many they are.
_WAITING_MAX = 1000
_IS_REFUSAL = "outcome like '4%'"
_TOKEN = re.compile(
    r"su(_|%5F)([0-9a-f]{1,12})(_|%5F)[\w%~.-]+|\b((?:access_)?token=)[^&#\s'\"]+", re.IGNORECASE
)


@dataclass(frozen=True)
class Audited:
    """One entry of the audit log."""

    audit_id: int
    at: str
    principal: str
    action: str
    detail: dict[str, Any]
    outcome: str
    client: str
    request_id: str


@dataclass(frozen=True)
class Entry:
    """What is to be noted; texts are cut, and the secrets of tokens left out."""

    principal: str
    action: str
    detail: dict[str, Any]
    outcome: str
    client: str = ""
    request_id: str = ""

    @property
    def values(self) -> tuple[str, ...]:
        detail = {
            name: shown(value) if isinstance(value, str) else value
            for name, value in self.detail.items()
        }
        texts = (self.outcome, self.client, self.request_id)
        return (
            shown(self.principal),
            shown(self.action),
            json.dumps(detail),
            *map(shown, texts),
        )


def masked(text: str) -> str:
    """Return a text without the secrets of tokens, such as came in an address."""
    # Most texts have none, and are looked at for each request.
    if "su" not in text.lower() and "token=" not in text.lower():
        return text
    return _TOKEN.sub(lambda found: f"{found[4]}…" if found[4] else f"su_{found[2]}_…", text)


def shown(text: str) -> str:
    """Return a text as it is kept: masked, and of a long one the beginning."""
    text = masked(text)
    return text if len(text) <= _TEXT_MAX else f"{text[:_TEXT_MAX]}…"


class AuditLog:
    """The log in one file; a thread of its own writes it, so that nobody's lock stops others."""

    def __init__(self, path: Path, kept_days: float, entries_max: int) -> None:
        """Keep entries for so many days, of changes and of refusals at most so many each."""
        self._path = path
        self._kept_days = kept_days
        self._entries_max = entries_max
        self._new_entries = 0
        self._waiting: queue.SimpleQueue[tuple[str, Entry, Future[None]] | None] = (
            queue.SimpleQueue()
        )
        self._is_closed = threading.Event()
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        with closing(connect(path)) as connection:
            connection.executescript(_TABLE)
        self._record = Record(path, "audit")

    def add(self, entry: Entry) -> Future[None]:
        """Have an entry written; the future ends once it is on disk."""
        written: Future[None] = Future()
        if entry.outcome.startswith("4") and self._waiting.qsize() >= _WAITING_MAX:
            written.set_result(None)
            return written
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="audit", daemon=True)
                self._thread.start()
        self._waiting.put((now(), entry, written))
        return written

    async def write(self, entry: Entry) -> None:
        """Have an entry written, and wait for that as long as a client may be kept waiting."""
        await asyncio.wait([asyncio.wrap_future(self.add(entry))], timeout=_WAIT_SECONDS)

    def page(self, limit: int, before: int | None = None) -> list[Audited]:
        """Return entries, the newest first, of those older than `before`."""
        with self._connected() as connection:
            rows = connection.execute(
                "select * from audit where audit_id < ? order by audit_id desc limit ?",
                (_LAST if before is None else max(0, min(before, _LAST)), limit),
            ).fetchall()
        return [Audited(*row[:4], json.loads(row[4]), *row[5:]) for row in rows]

    def senders(self, files: Sequence[str]) -> dict[str, str]:
        """Return who sent files last, by their names, as far as the log goes back."""
        with self._connected() as connection:
            rows = connection.execute(
                """
                select json_extract(detail, '$.file') as file, principal from audit
                where file in (select value from json_each(?))
                order by audit_id
                """,
                (json.dumps(files),),
            ).fetchall()
        return dict(rows)

    def close(self) -> None:
        """Write what waits; what cannot be written by now goes to the service's own log."""
        self._is_closed.set()
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join(_STOP_SECONDS)

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        # A new file would be one without tokens.
        self._record.check()
        with closing(connect(self._path)) as connection:
            yield connection

    def _run(self) -> None:
        is_last = False
        while not is_last:
            batch = [self._waiting.get()]
            while not self._waiting.empty():
                batch.append(self._waiting.get())
            is_last = None in batch
            self._write([waiting for waiting in batch if waiting is not None])

    def _write(self, batch: Sequence[tuple[str, Entry, Future[None]]]) -> None:
        while batch:
            try:
                with self._connected() as connection, connection:
                    connection.execute(f"pragma busy_timeout = {_RETRY_SECONDS * 1000:.0f}")
                    connection.execute("begin immediate")
                    connection.executemany(
                        """
                        insert into audit
                            (at, principal, action, detail, outcome, client, request_id)
                        values (?, ?, ?, ?, ?, ?, ?)
                        """,
                        [(at, *entry.values) for at, entry, _ in batch],
                    )
                    self._expire(connection, len(batch))
                break
            except sqlite3.Error as error:
                log.warning("The audit log cannot be written: %s", error)
                if self._is_closed.is_set():
                    for at, entry, _ in batch:
                        log.error("Not in the audit log: %s", json.dumps([at, asdict(entry)]))
                    break
                self._is_closed.wait(_RETRY_SECONDS)
        for _, _, written in batch:
            # Whoever asked may have gone.
            if written.set_running_or_notify_cancel():
                written.set_result(None)

    def _expire(self, connection: sqlite3.Connection, added: int) -> None:
        """Remove what is too old or too much, not for each entry, since it has to be looked for."""
        self._new_entries += added
        if self._new_entries != added and self._new_entries < self._entries_max // 10:
            return
        self._new_entries = 1
        oldest = datetime.now(UTC) - timedelta(days=self._kept_days)
        connection.execute("delete from audit where at < ?", (as_text(oldest),))
        for kind in (_IS_REFUSAL, f"not {_IS_REFUSAL}"):
            connection.execute(
                f"""
                delete from audit where {kind} and audit_id <= (
                    select audit_id from audit where {kind}
                    order by audit_id desc limit 1 offset ?
                )
                """,
                (self._entries_max,),
            )
