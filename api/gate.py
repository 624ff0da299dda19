"""The gate in front of all endpoints: who asks, how often, and what is noted of it."""

import ipaddress
import itertools
import logging
import math
import os
import re
import sqlite3
import sys
import time
from base64 import b64decode
from contextlib import suppress
from functools import lru_cache
from http import HTTPStatus
from urllib.parse import quote, unquote

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import cookie_parser
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import logs
from api.access import THIS_MACHINE, Principal
from api.audit import Entry, masked
from api.errors import problem, quoted, record_problem
from api.settings import Settings
from api.ui.sessions import COOKIE

log = logging.getLogger(__name__)

ASSETS = "/static-offline-docs/"
PAGES = "/ui/"
OPEN_PATHS = ("/", "/health", "/ready", "/docs", "/openapi.json", "/favicon.ico")
OPEN_PAGES = ("/ui", f"{PAGES}login")
OPEN_ASSETS = (ASSETS, f"{PAGES}assets/")
# Where uploads are sent to, which have a limit of their own.
UPLOADS = ("/ingest/", "/inputs/")
STORES = "/stores/"

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


def _safe(policy: str, referrer: bytes = b"no-referrer") -> list[tuple[bytes, bytes]]:
    return [
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", referrer),
        (
            b"content-security-policy",
            f"default-src 'none'; {policy}frame-ancestors 'none'".encode(),
        ),
    ]


_HEADERS = _safe("")
# The page of the docs starts itself by a script and a style within it.
_DOCS_HEADERS = _safe(
    "script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; "
)
# Scripts, styles and forms of their own only; a form tells where it comes from.
_PAGE_HEADERS = _safe(
    "script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; ",
    b"same-origin",
)


def _unknown(text: str) -> HTTPException:
    said = "This token is unknown, revoked or expired." if text else "A token is needed."
    return HTTPException(
        401, f"{said} Send `Authorization: Bearer su_…`.", {"WWW-Authenticate": "Bearer"}
    )


def _log_in(scope: Scope) -> HTTPException:
    """Have a browser go where it may log in, and from there to the page that it asked for."""
    page, query = scope["path"].removeprefix(PAGES), scope["query_string"].decode("latin-1")
    # Relative, since a proxy may have put a path before this one.
    to = quote(f"{page}?{query}" if query else page)
    return HTTPException(
        303, "Log in by a token.", {"Location": f"{'../' * page.count('/')}login?next={to}"}
    )


def _token(method: str, authorization: str) -> str:
    """Return the token in a header; for GET it may be the password of Basic, as dashboards do."""
    kind, _, text = authorization.partition(" ")
    if kind.lower() == "basic" and method in ("GET", "HEAD"):
        with suppress(ValueError):
            return b64decode(text, validate=True).decode().partition(":")[2]
    return text.strip() if kind.lower() == "bearer" else ""


class Gate:
    """The one middleware: it passes on allowed requests, with `request.state.principal` set."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._bytes_max = settings.body_bytes_max
        self._rate = RateLimitItemPerMinute(settings.requests_per_minute)
        self._requests = FixedWindowRateLimiter(MemoryStorage())
        self._allowed = settings.allowed_hosts.lower().split()
        self._hosts = {"localhost", "127.0.0.1", "[::1]", *self._allowed}
        # Of ids of requests: what tells one start of the service from another, and a number.
        self._started_as, self._numbers = os.urandom(10).hex(), itertools.count()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began_at, status = time.monotonic(), 0
        asked, sent = _as_routed(scope), _sent(scope)
        method, path, state = scope["method"], scope["path"], asked["state"]
        sent_id = sent.get("x-request-id", "")
        if _REQUEST_ID.fullmatch(sent_id):
            request_id = sent_id
        else:
            request_id = f"{self._started_as}{next(self._numbers):012x}"
        state["request_id"] = request_id

        async def send_safely(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if status in (401, 403) or (method not in ("GET", "HEAD") and status < 400):
                    await _audit(asked, status, request_id)
                headers = message["headers"] = list(message.get("headers", ()))
                _add_headers(headers, path, request_id)
            elif method == "HEAD":
                message = {**message, "body": b""}
            await send(message)

        try:
            state["principal"] = self._principal(scope, sent)
            if not path.startswith(UPLOADS):
                receive = self._limited(receive, sent.get("content-length", ""))
            await self._app(asked, receive, send_safely)
        except Exception as error:
            answer = _answer(error, method, path, request_id)
            if status:
                raise
            await answer(asked, receive, send_safely)
        took = time.monotonic() - began_at
        route = _route(asked) or "none"
        known = method if method in _METHODS else "other"
        scope["app"].state.metrics.answered(route, known, status, took)
        # A logger would take as long again as the line.
        sys.stderr.write(
            logs.line(
                "request",
                "info",
                method=method,
                path=masked(path),
                status=status,
                seconds=round(took, 6),
                request_id=request_id,
            )
        )

    def _limited(self, receive: Receive, length: str) -> Receive:
        """Return what receives a body, or raise a refusal once it shows that it is too long."""
        size = 0

        def check(size: int) -> None:
            if size > self._bytes_max:
                raise HTTPException(
                    413, f"The body has more than {self._bytes_max} bytes, the most allowed here."
                )

        async def receive_some() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            check(size)
            return message

        check(int(length) if length.isdecimal() else 0)
        return receive_some

    def _principal(self, scope: Scope, headers: dict[str, str]) -> Principal | None:
        """Return who asks, None where anybody may, or raise a refusal."""
        path, state = scope["path"], scope["app"].state
        try:
            has_tokens = state.access.has_tokens()
        except sqlite3.Error:
            # What watches the service learns of it there.
            if path not in OPEN_PATHS:
                raise
            has_tokens = True
        if not has_tokens:
            self._check_local(scope, headers)
            return THIS_MACHINE
        if path in (*OPEN_PATHS, *OPEN_PAGES) or path.startswith(OPEN_ASSETS):
            return None
        text = _token(scope["method"], headers.get("authorization", ""))
        is_page = path.startswith(PAGES) and not text
        if is_page:
            session = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
            principal = state.sessions.principal(session)
        else:
            principal = state.access.principal(text)
        self._check_rate((principal and principal.token_id) or f"address {_client(scope)}")
        if principal is None or principal.is_over:
            # Of the second kind the audit log tells.
            scope["state"]["principal"] = principal
            raise _log_in(scope) if is_page else _unknown(text)
        return principal

    def _check_rate(self, client: str) -> None:
        if not self._rate.amount or self._requests.hit(self._rate, client):
            return
        seconds = max(
            1, math.ceil(self._requests.get_window_stats(self._rate, client)[0] - time.time())
        )
        raise HTTPException(
            429,
            f"More than {self._rate.amount} requests a minute; try again in {seconds} s.",
            {"Retry-After": str(seconds)},
        )

    def _check_local(self, scope: Scope, headers: dict[str, str]) -> None:
        if not is_loopback(_client(scope)):
            raise HTTPException(
                403, "Without any token the service answers this machine only; see `tokens create`."
            )
        # A page elsewhere may have its own name lead to this machine, or have a browser send here.
        host = _host_name(headers.get("host", ""))
        if host not in self._hosts:
            raise HTTPException(
                403,
                f"The host {quoted(host)} is not one of this service; it answers to "
                f"{', '.join(sorted(self._hosts))}, and what STORE_UPTIME_ALLOWED_HOSTS adds.",
            )
        # A page of another service on this machine is one from elsewhere, too.
        origin = headers.get("origin")
        sent_from = "" if origin is None else origin.partition("://")[2].lower()
        if (
            origin is not None
            and sent_from != headers.get("host", "").lower()
            and _host_name(sent_from) not in self._allowed
        ):
            raise HTTPException(403, f"Pages of {quoted(origin)} may not ask this service.")
        if (
            origin is None
            and scope["method"] not in ("GET", "HEAD")
            and headers.get("sec-fetch-site", "none") not in ("none", "same-origin")
        ):
            raise HTTPException(403, "Pages from elsewhere may not change anything here.")


@lru_cache
def is_loopback(address: str) -> bool:
    """Say whether an address, or `localhost`, is of this machine only."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"


def _sent(scope: Scope) -> dict[str, str]:
    """Return the headers by their names in lower case; of one that is sent twice the first."""
    return {
        name.decode("latin-1"): value.decode("latin-1")
        for name, value in reversed(scope["headers"])
    }


def _route(scope: Scope) -> str:
    """Return the template of the path, in which ids are not, or nothing if nothing matched."""
    return getattr(scope.get("route"), "path", "")


def _host_name(host: str) -> str:
    return re.sub(r":\d*$", "", host.lower())


def _client(scope: Scope) -> str:
    return scope["client"][0] if scope.get("client") else ""


def _add_headers(headers: list[tuple[bytes, bytes]], path: str, request_id: str) -> None:
    is_page = path.startswith(PAGES)
    headers.extend(_DOCS_HEADERS if path == "/docs" else _PAGE_HEADERS if is_page else _HEADERS)
    if not path.startswith(ASSETS) and all(name != b"cache-control" for name, _ in headers):
        headers.append((b"cache-control", b"no-store"))
    headers.append((b"x-request-id", request_id.encode()))


async def _audit(scope: Scope, status: int, request_id: str) -> None:
    """Note a change, or what a token was refused; who has none is counted only."""
    principal: Principal | None = scope["state"].get("principal")
    if principal is None:
        scope["app"].state.metrics.refused.inc()
        return
    name = f"{principal.name} ({principal.token_id})" if principal.token_id else principal.name
    detail = {
        "path": scope["path"],
        "query": scope["query_string"].decode("latin-1"),
        **scope["state"].get("audit", {}),
    }
    outcome = f"{status} {HTTPStatus(status).phrase}"
    action = f"{scope['method']} {_route(scope) or scope['path']}"
    entry = Entry(name, action, detail, outcome, _client(scope), request_id)
    await scope["app"].state.access.log.write(entry)


class _EncodedText(Convertor[str]):
    """A part of a path that may hold any character if it is percent-encoded."""

    regex = ".+"

    def convert(self, value: str) -> str:
        return unquote(value)

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("encoded", _EncodedText())


def _as_routed(scope: Scope) -> Scope:
    """Return a request as the routes know it: HEAD as GET, and ids of stores as they were sent.

    Servers decode a path before it is matched; then `a%2Ftimeline`, a store, could not be told
    from `a/timeline`, what is known of another one.
    """
    asked = {**scope, "state": scope.setdefault("state", {})}
    if scope["method"] == "HEAD":
        asked["method"] = "GET"
    if scope["path"].startswith(scope.get("root_path", "") + STORES):
        asked["path"] = scope["raw_path"].partition(b"?")[0].decode("ascii", "replace")
    return asked


def _answer(error: Exception, method: str, path: str, request_id: str) -> Response:
    """Return what is said of an error that no endpoint answers for."""
    if isinstance(error, HTTPException):
        return problem(error.status_code, error.detail, dict(error.headers or {}))
    if isinstance(error, sqlite3.Error):
        return record_problem(error)
    said = {"method": method, "path": masked(path), "request_id": request_id}
    log.exception("failed", extra={"said": said})
    return problem(500, "The service failed to answer; its log has the cause.")
