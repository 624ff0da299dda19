"""Log-ins of browsers: a cookie with a random text, of which a hash is kept beside the tokens.

A session lasts as long as its token, or until it is ended; the token itself is in no cookie.
"""

import hashlib
import secrets
import threading
from pathlib import Path

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from api.access import Access, Principal
from api.disk import connect
from api.instants import now

COOKIE = "store_uptime_session"
# So many browsers may be logged in by one token; the oldest are logged out.
_OF_TOKEN_MAX = 100
_FAILURES = RateLimitItemPerMinute(10)

_TABLE = """
create table if not exists sessions (
    session_id integer primary key autoincrement,
    hash blob not null unique,
    token_id text not null,
    began_at text not null
) strict;
"""


class Sessions:
    """The sessions of one output folder; several processes may use them."""

    def __init__(self, output: Path, access: Access) -> None:
        self._access = access
        path = output / "access.sqlite"
        self._writer = connect(path, synchronous="full")
        self._writer.executescript(_TABLE)
        self._reader = connect(path, synchronous="full")
        # It is asked on the event loop, which waits for nobody's lock.
        self._reader.execute("pragma busy_timeout = 0")
        self._lock = threading.Lock()
        self._tries = FixedWindowRateLimiter(MemoryStorage())

    def begin(self, token_id: str) -> str:
        """Begin a session, and return the text for its cookie, which is kept nowhere."""
        secret = secrets.token_urlsafe(32)
        with self._lock:
            self._writer.execute(
                "insert into sessions (hash, token_id, began_at) values (?, ?, ?)",
                (_hash(secret), token_id, now()),
            )
            self._writer.execute(
                """
                delete from sessions where token_id = ? and session_id <= (
                    select session_id from sessions where token_id = ?
                    order by session_id desc limit 1 offset ?
                )
                """,
                (token_id, token_id, _OF_TOKEN_MAX),
            )
        return secret

    def end(self, secret: str) -> None:
        with self._lock:
            self._writer.execute("delete from sessions where hash = ?", (_hash(secret),))

    def principal(self, secret: str) -> Principal | None:
        """Return whose session this is, or None if there is none; see `Principal.is_over`."""
        if not secret:
            return None
        with self._lock:
            row = self._reader.execute(
                "select token_id from sessions where hash = ?", (_hash(secret),)
            ).fetchone()
        return None if row is None else self._access.of_token(row[0])

    def may_try(self, client: str) -> bool:
        """Say whether an address may try to log in, after those times that it failed to."""
        return self._tries.test(_FAILURES, client)

    def failed(self, client: str) -> None:
        self._tries.hit(_FAILURES, client)

    def close(self) -> None:
        with self._lock:
            self._writer.close()
            self._reader.close()


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
