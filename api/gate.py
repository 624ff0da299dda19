"""The gate in front of all endpoints: who asks, how often, and what is noted of it."""

import ipaddress
import os
import re
import sqlite3
import time
from base64 import b64decode
from contextlib import suppress
from http import HTTPStatus
from urllib.parse import quote, unquote

import structlog
from starlette.convertors import Convertor, register_url_convertor
from starlette.exceptions import HTTPException
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.access import THIS_MACHINE, Access, Principal
from api.audit import Entry, masked
from api.errors import problem, quoted, record_problem
from api.logs import log_request
from api.settings import Settings
from api.ui.sessions import COOKIE

log = structlog.get_logger()

ASSETS = "/static-offline-docs/"
PAGES = "/ui/"
OPEN_PATHS = ("/", "/health", "/ready", "/docs", "/openapi.json", "/favicon.ico")
OPEN_PAGES = ("/ui", f"{PAGES}login")
OPEN_ASSETS = (ASSETS, f"{PAGES}assets/")

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SAFE = [(b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer")]
_HEADERS = [
    *_SAFE,
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]
# The page of the docs starts itself by a script and a style within it.
_DOCS_HEADERS = [
    *_SAFE,
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self' 'unsafe-inline'; "
        b"style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; "
        b"frame-ancestors 'none'",
    ),
]
# Scripts, styles and forms of their own only; a form tells where it comes from.
_PAGE_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        b"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
]
# More clients than this are not told apart; the oldest are forgotten.
_BUCKETS_MAX = 10_000


class _RefusedError(Exception):
    """Why a request does not get past the gate."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, headers


def _unknown(text: str) -> _RefusedError:
    said = "This token is unknown, revoked or expired." if text else "A token is needed."
    return _RefusedError(
        401, f"{said} Send `Authorization: Bearer su_…`.", {"WWW-Authenticate": "Bearer"}
    )


def _log_in(scope: Scope) -> _RefusedError:
    """Have a browser go where it may log in, and from there to the page that it asked for."""
    page, query = scope["path"].removeprefix(PAGES), scope["query_string"].decode("latin-1")
    # Relative, since a proxy may have put a path before this one.
    to = quote(f"{page}?{query}" if query else page)
    return _RefusedError(
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
    """Middleware that passes on allowed requests, with `request.state.principal` set."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings
        self._rate = _Rate(settings.requests_per_minute)
        self._allowed = settings.allowed_hosts.lower().split()
        self._hosts = {"localhost", "127.0.0.1", "[::1]", *self._allowed}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        sent = _sent(scope)
        sent_id = sent.get("x-request-id", "")
        request_id = sent_id if _REQUEST_ID.fullmatch(sent_id) else os.urandom(16).hex()
        state = scope.setdefault("state", {})
        state["request_id"] = request_id
        path = scope["path"]
        status = 0

        async def send_safely(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if status in (401, 403) or (
                    scope["method"] not in ("GET", "HEAD") and status < 400
                ):
                    await _audit(scope, status, request_id)
                headers = message["headers"] = list(message.get("headers", ()))
                _add_headers(headers, path, request_id)
            await send(message)

        began_at = time.monotonic()
        access: Access = scope["app"].state.access
        try:
            self._let_pass(scope, sent, access)
            await self._app(scope, receive, send_safely)
        except _RefusedError as refusal:
            answer = problem(refusal.status, refusal.detail, refusal.headers)
            await answer(scope, receive, send_safely)
        except sqlite3.Error as error:
            if status:
                raise
            await record_problem(error)(scope, receive, send_safely)
        except Exception:
            log.exception(
                "failed", method=scope["method"], path=masked(path), request_id=request_id
            )
            if status:
                raise
            detail = "The service failed to answer; its log has the cause."
            await problem(HTTPStatus.INTERNAL_SERVER_ERROR, detail)(scope, receive, send_safely)
        took = time.monotonic() - began_at
        method = scope["method"] if scope["method"] in _METHODS else "other"
        scope["app"].state.metrics.answered(_route(scope) or "none", method, status, took)
        log_request(
            method=scope["method"],
            path=masked(path),
            status=status,
            seconds=round(took, 6),
            request_id=request_id,
        )

    def _let_pass(self, scope: Scope, headers: dict[str, str], access: Access) -> None:
        """Set the principal, or raise a refusal."""
        try:
            has_tokens = access.has_tokens()
        except sqlite3.Error:
            # What watches the service learns of it there.
            if scope["path"] not in OPEN_PATHS:
                raise
            has_tokens = True
        if has_tokens:
            principal = self._principal(scope, headers, access)
        else:
            self._check_local(scope, headers)
            principal = THIS_MACHINE
        scope["state"]["principal"] = principal
        size = headers.get("content-length", "0")
        most = self._settings.body_bytes_max
        if not scope["path"].startswith(UPLOADS) and size.isdecimal() and int(size) > most:
            raise _RefusedError(
                413, f"The body has {size} bytes; {most} are the most allowed here."
            )

    def _principal(self, scope: Scope, headers: dict[str, str], access: Access) -> Principal | None:
        path = scope["path"]
        if path in (*OPEN_PATHS, *OPEN_PAGES) or path.startswith(OPEN_ASSETS):
            return None
        text = _token(scope["method"], headers.get("authorization", ""))
        is_page = path.startswith(PAGES) and not text
        if is_page:
            session = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
            principal = scope["app"].state.sessions.principal(session)
        else:
            principal = access.principal(text)
        if principal is not None:
            self._rate.check(principal.token_id or "")
            if not principal.is_over:
                return principal
            scope["state"]["principal"] = principal
        else:
            self._rate.check(f"address {_client(scope)}")
        raise _log_in(scope) if is_page else _unknown(text)

    def _check_local(self, scope: Scope, headers: dict[str, str]) -> None:
        if not is_loopback(_client(scope)):
            raise _RefusedError(
                403, "Without any token the service answers this machine only; see `tokens create`."
            )
        # A page elsewhere may have its own name lead to this machine, or have a browser send here.
        host = _host_name(headers.get("host", ""))
        if host not in self._hosts:
            raise _RefusedError(
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
            raise _RefusedError(403, f"Pages of {quoted(origin)} may not ask this service.")
        if (
            origin is None
            and scope["method"] not in ("GET", "HEAD")
            and headers.get("sec-fetch-site", "none") not in ("none", "same-origin")
        ):
            raise _RefusedError(403, "Pages from elsewhere may not change anything here.")


class _Rate:
    """A bucket per client that holds a minute's requests, and fills evenly."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._buckets: dict[str, tuple[float, float]] = {}

    def check(self, client: str) -> None:
        """Take one request of the client's bucket, or raise a refusal if it is empty."""
        if not self._per_minute:
            return
        now, per_second = time.monotonic(), self._per_minute / 60
        left, at = self._buckets.pop(client, (float(self._per_minute), now))
        left = min(self._per_minute, left + (now - at) * per_second)
        is_allowed = left >= 1
        self._buckets[client] = (left - is_allowed, now)
        if len(self._buckets) > _BUCKETS_MAX:
            del self._buckets[next(iter(self._buckets))]
        if not is_allowed:
            seconds = max(1, round((1 - left) / per_second + 0.5))
            raise _RefusedError(
                429,
                f"More than {self._per_minute} requests a minute; try again in {seconds} s.",
                {"Retry-After": str(seconds)},
            )


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


def _route(scope: Scope) -> str | None:
    """Return the template of the path, in which ids are not, or None if nothing matched."""
    return getattr(scope.get("route"), "path", None)


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


# Where uploads are sent to, which have a limit of their own.
UPLOADS = ("/ingest/", "/inputs/")


class BodyLimit:
    """Refuses a body that is longer than the setting allows once that shows.

    The gate refuses those that tell their length; uploads have a limit of their own.
    """

    def __init__(self, app: ASGIApp, bytes_max: int) -> None:
        self._app = app
        self._bytes_max = bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(UPLOADS):
            await self._app(scope, receive, send)
            return
        size = 0

        async def receive_some() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self._bytes_max:
                raise HTTPException(
                    413, f"The body has more than {self._bytes_max} bytes, the most allowed here."
                )
            return message

        await self._app(scope, receive_some, send)


class HeadAsGet:
    """Has HEAD answered as GET would be; the routes know GET alone."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            if message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        # A copy, since the server looks at the method, too.
        inner = {**scope, "method": "GET"}
        try:
            await self._app(inner, receive, send_without_body)
        finally:
            scope.update({name: inner[name] for name in ("route", "path") if name in inner})


class _EncodedText(Convertor[str]):
    """A part of a path that may hold any character if it is percent-encoded."""

    regex = ".+"

    def convert(self, value: str) -> str:
        return unquote(value)

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("encoded", _EncodedText())


class PathsAsSent:
    """Has paths below a prefix matched as they were sent, where `%2F` is part of an id.

    Servers decode a path before it is matched; then `a%2Ftimeline`, a store, could not be told
    from `a/timeline`, what is known of another one.
    """

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(
            scope.get("root_path", "") + self._prefix
        ):
            sent = scope["raw_path"].partition(b"?")[0]
            # In place, so that those further out learn which route matched.
            scope["path"] = sent.decode("ascii", "replace")
        await self._app(scope, receive, send)
