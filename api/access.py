"""Who may do what: API tokens, in SQLite.

A token's secret is 256 random bits, which nobody finds by trying; a slow hash, which passwords
need, would only slow down each request. The salt keeps equal secrets from having equal hashes.
"""

import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

from api.audit import AuditLog
from api.disk import Record, connect
from api.instants import as_text, now

Scope = Literal["read", "run", "ingest", "admin"]
SCOPES: tuple[Scope, ...] = get_args(Scope)
Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

_TABLES = """
create table if not exists tokens (
    token_id text primary key,
    name text not null,
    salt blob not null,
    hash blob not null,
    scopes text not null,
    stores text,
    created_at text not null,
    expires_at text,
    revoked_at text
) strict;
"""
# What is told of a token; its secret is not even kept.
_TOLD = "token_id, name, scopes, stores, created_at, expires_at, revoked_at"


class AccessError(ValueError):
    """A token that cannot be made or revoked as asked for; the message says why."""


@dataclass(frozen=True)
class Principal:
    """Who asks: a token, or whoever works on this machine; `stores` is None for all of them."""

    token_id: str | None
    name: str
    scopes: frozenset[str]
    stores: frozenset[str] | None = None
    created_at: str | None = None
    expires_at: str | None = None
    revoked_at: str | None = None

    @property
    def is_over(self) -> bool:
        """Whether it is revoked or expired: a name for the audit log, and nothing more."""
        return self.revoked_at is not None or (
            self.expires_at is not None and self.expires_at <= now()
        )


# Without any token the service answers this machine only, and there it answers everything.
THIS_MACHINE = Principal(None, "this machine", frozenset({"admin"}))


class Access:
    """The tokens of one output folder, and its audit log; several processes may use them."""

    def __init__(
        self, output: Path, audit_kept_days: float = 365, audit_entries_max: int = 100_000
    ) -> None:
        output.mkdir(parents=True, exist_ok=True)
        path = output / "access.sqlite"
        path.touch(mode=0o600)
        self._writer = connect(path)
        self._writer.executescript(_TABLES)
        self.record = Record(path, "tokens", "audit")
        self._reader = connect(path)
        # It is asked on the event loop, which waits for nobody's lock.
        self._reader.execute("pragma busy_timeout = 0")
        self.log = AuditLog(path, audit_kept_days, audit_entries_max)
        # Whoever reads, on the event loop too, does not wait for who writes.
        self._reading, self._writing = threading.Lock(), threading.Lock()
        self._has_tokens = False

    def has_tokens(self) -> bool:
        """Say whether a token was ever made; to revoke the last one does not open the service."""
        if not self._has_tokens:
            self._has_tokens = bool(self.read("select 1 from tokens limit 1"))
        return self._has_tokens

    def create(
        self,
        name: str,
        scopes: Iterable[str],
        stores: Collection[str] | None = None,
        expires_at: datetime | None = None,
    ) -> str:
        """Make a token and return its text, which is not kept anywhere.

        Raises AccessError for a scope that there is not, or a name or store that is empty.
        """
        chosen = frozenset(scopes)
        if unknown := sorted(chosen - set(SCOPES)):
            raise AccessError(f"There is no scope {unknown[0]!r}; there are {', '.join(SCOPES)}.")
        if not chosen or not name.strip():
            raise AccessError("A token needs a name and at least one scope.")
        if empty := [store for store in stores or [] if not store.strip()]:
            raise AccessError(
                f"--store {empty[0]!r}: the id of a store is expected; "
                "without --store the token is for all."
            )
        token_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        salt = secrets.token_bytes(16)
        self.write(
            "insert into tokens values (?, ?, ?, ?, ?, ?, ?, ?, null)",
            (
                token_id,
                name.strip(),
                salt,
                _hash(salt, secret),
                json.dumps(sorted(chosen)),
                None if stores is None else json.dumps(sorted(set(stores))),
                now(),
                None if expires_at is None else as_text(expires_at),
            ),
        )
        return f"su_{token_id}_{secret}"

    def revoke(self, token_id: str) -> None:
        """End a token at once, also in a service that is running.

        Raises AccessError if there is no such token, or it was revoked before.
        """
        revoked = self.write(
            "update tokens set revoked_at = ? where token_id = ? and revoked_at is null "
            "returning token_id",
            (now(), token_id),
        )
        if not revoked:
            raise AccessError(
                f"There is no token {token_id!r} to revoke; `python -m api tokens list` has all."
            )

    def tokens(self) -> list[Principal]:
        """Return all tokens, the oldest first."""
        rows = self.read(f"select {_TOLD} from tokens order by created_at")
        return [_principal(row) for row in rows]

    def principal(self, text: str) -> Principal | None:
        """Return whose token this text is, or None if it is not one; see `Principal.is_over`."""
        prefix, _, rest = text.partition("_")
        token_id, _, secret = rest.partition("_")
        if prefix != "su" or not secret:
            return None
        found = self.read(f"select salt, hash, {_TOLD} from tokens where token_id = ?", (token_id,))
        [(salt, kept, *told)] = found or [(b"", b"\0" * 32)]
        is_right = hmac.compare_digest(_hash(salt, secret), kept)
        return _principal(told) if is_right and told else None

    def of_token(self, token_id: str) -> Principal | None:
        """Return whose token has this id, or None if there is none; see `Principal.is_over`."""
        rows = self.read(f"select {_TOLD} from tokens where token_id = ?", (token_id,))
        return _principal(rows[0]) if rows else None

    def close(self) -> None:
        self.log.close()
        with self._reading, self._writing:
            self._writer.close()
            self._reader.close()

    def read(self, statement: str, values: tuple = ()) -> list[tuple]:
        with self._reading:
            self.record.check()
            return self._reader.execute(statement, values).fetchall()

    def write(self, statement: str, values: tuple = ()) -> list[tuple]:
        with self._writing:
            return self._writer.execute(statement, values).fetchall()


def needs(*scopes: Scope, every_store: bool = False) -> Callable[[Endpoint], Endpoint]:
    """Have an endpoint let only tokens of one of these scopes, or of `admin`, pass.

    Without any scope anybody passes whom the gate lets pass. With `every_store`, tokens for some
    stores do not pass: reports and uploads are on all.
    """

    def mark(endpoint: Endpoint) -> Endpoint:
        endpoint.needed = (scopes, every_store)
        return endpoint

    return mark


class GuardedRoute(APIRoute):
    """A route that lets pass whom its endpoint `needs`: tokens of scope `read` if it is not said.

    As a dependency this would take each request a tenth of its time.
    """

    def get_route_handler(self) -> Callable[[Request], Any]:
        handle = super().get_route_handler()
        scopes, every_store = getattr(self.endpoint, "needed", (("read",), False))
        if not scopes:
            return handle
        accepted = {*scopes, "admin"}

        async def handle_guarded(request: Request) -> Response:
            principal: Principal = request.state.principal
            if principal.scopes.isdisjoint(accepted):
                has = ", ".join(sorted(principal.scopes))
                needed = " or ".join(map(repr, scopes))
                raise HTTPException(403, f"This needs the scope {needed}; this token has {has}.")
            if every_store and not may_see(principal, None):
                raise HTTPException(
                    403, "This is about all stores, and the token is for some of them."
                )
            return await handle(request)

        return handle_guarded


def may_see(principal: Principal, stores: Collection[str] | None) -> bool:
    """Say whether a token may see these stores; None stands for all there are."""
    return principal.stores is None or (stores is not None and principal.stores.issuperset(stores))


def _principal(row: Sequence[Any]) -> Principal:
    token_id, name, scopes, stores, *instants = row
    seen = None if stores is None else frozenset(json.loads(stores))
    return Principal(token_id, name, frozenset(json.loads(scopes)), seen, *instants)


def _hash(salt: bytes, secret: str) -> bytes:
    return hashlib.sha256(salt + secret.encode()).digest()
