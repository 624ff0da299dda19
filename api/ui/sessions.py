"""Log-ins of browsers: a cookie with a random text, of which a hash is kept beside the tokens.

A session lasts as long as its token, or until it is ended; the token itself is in no cookie.
"""

import hashlib
import secrets

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from api.access import Access, Principal
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

    def __init__(self, access: Access) -> None:
        self._access = access
        access.write(_TABLE)
        self._tries = FixedWindowRateLimiter(MemoryStorage())

    def begin(self, token_id: str) -> str:
        """Begin a session, and return the text for its cookie, which is kept nowhere."""
        secret = secrets.token_urlsafe(32)
        self._access.write(
            "insert into sessions (hash, token_id, began_at) values (?, ?, ?)",
            (_hash(secret), token_id, now()),
        )
        self._access.write(
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
        self._access.write("delete from sessions where hash = ?", (_hash(secret),))

    def principal(self, secret: str) -> Principal | None:
        """Return whose session this is, or None if there is none; see `Principal.is_over`."""
        if not secret:
            return None
        rows = self._access.read("select token_id from sessions where hash = ?", (_hash(secret),))
        return self._access.of_token(rows[0][0]) if rows else None

    def may_try(self, client: str) -> bool:
        """Say whether an address may try to log in, after those times that it failed to."""
        return self._tries.test(_FAILURES, client)

    def failed(self, client: str) -> None:
        self._tries.hit(_FAILURES, client)


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
