"""Answers from the newest release: how many are worked out at once, and what is known already."""

import asyncio
import hashlib
import json
import os
import pathlib
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from functools import partial
from typing import Any
from weakref import WeakValueDictionary

import duckdb
from fastapi import Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from api.disk import written
from api.errors import BusyError, declared, problem, quoted
from api.reading import Reader, allowed_stores
from api.releases import Release, SharedReleases, is_damage
from api.snapshots import MEDIA_TYPES

# So many queries wait: of one kind of question of one client, of one client, and in all.
_WAITING_MAX = (8, 16, 64)
_INTERRUPT_SECONDS = 0.05
# A file that was asked for just now is about to be sent.
_KEPT_SECONDS = 60

UNCHANGED: dict[int | str, dict[str, Any]] = {
    304: {"description": "Nothing has changed since the ETag in `If-None-Match`."}
}
# What any answer from a release may be besides the answer.
REFUSALS: dict[int | str, dict[str, Any]] = {
    **UNCHANGED,
    **declared(404, 422),
}
# And of one that is a file.
FETCHED: dict[int | str, dict[str, Any]] = {
    206: {"description": "The part that `Range` names."},
    **declared(416),
    **REFUSALS,
}

# What reads the body of an answer, which is JSON, from a release.
Ask = Callable[[Reader], bytes]

# What writes a file from a release.
Write = Callable[[Reader, pathlib.Path], None]


async def answer(request: Request, ask: Ask) -> Response:
    """Answer with what `ask` reads from the newest release, or with 304 if the client has that."""
    release = await run_in_threadpool(request.app.state.shared_releases.readable)
    etag = _etag(request, release)
    if is_known(etag, request.headers.get("If-None-Match")):
        return Response(status_code=304, headers=_headers(etag))
    async with place(request):
        release, body = await run_in_threadpool(read, request, ask)
    return Response(body, media_type="application/json", headers=_headers(_etag(request, release)))


async def answer_by_file(request: Request, name: str, asked: object, write: Write) -> Response:
    """Answer with a file of the newest release that `write` writes, unless it is there by now."""
    files: TableFiles = request.app.state.table_files
    ending = name.rpartition(".")[2]
    question = (name, asked, allowed_stores(request))

    def write_file(reader: Reader) -> pathlib.Path:
        path = files.path(reader.release.release_id, question, ending)
        return files.write(path, partial(write, reader))

    release = await run_in_threadpool(request.app.state.shared_releases.readable)
    path = files.path(release.release_id, question, ending)
    if is_known(_file_etag(path), request.headers.get("If-None-Match")):
        return Response(status_code=304, headers=_headers(_file_etag(path)))
    async with files.lock(path):
        found = await run_in_threadpool(files.find, path)
        if found is None:
            async with place(request):
                # It may be of a release that came just now.
                timeout = "table_timeout_seconds"
                _, path = await run_in_threadpool(read, request, write_file, timeout)
            found = await run_in_threadpool(files.find, path)
    headers = _headers(_file_etag(path))
    headers["Content-Disposition"] = f'attachment; filename="{name}"'
    media_type = MEDIA_TYPES[ending]
    return _FileInParts(path, headers=headers, media_type=media_type, stat_result=found)


class _FileInParts(FileResponse):
    """A file; a `Range` that names no part of it is refused as everything else is."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refused: Message | None = None

        async def send_unless_refused(message: Message) -> None:
            nonlocal refused
            if message["type"] == "http.response.start" and message["status"] >= 400:
                refused = message
            elif refused is None:
                await send(message)

        await super().__call__(scope, receive, send_unless_refused)
        if refused is not None:
            asked = Headers(scope=scope).get("Range")
            size = self.stat_result.st_size if self.stat_result else 0
            detail = f"header.range: {quoted(asked)} is no part of {size} bytes; bytes=0-99 is one."
            # A client that goes on with a file learns from it that it has all of it.
            headers = {"Content-Range": f"bytes */{size}"}
            await problem(416, detail, headers)(scope, receive, send)


def _file_etag(path: pathlib.Path) -> str:
    return f'"{path.stem[:32]}"'


@asynccontextmanager
async def place(request: Request) -> AsyncIterator[None]:
    """Keep a place among the queries; raises HTTPException 503 if too many wait for one."""
    principal = getattr(request.state, "principal", None)
    # Without tokens all come from this machine, and a client is known by what it asks alone.
    question = request.scope["route"].path
    client = getattr(principal, "token_id", None) or question
    async with request.app.state.places.take(client, question):
        yield


class OutdatedError(HTTPException):
    """The newest release lacks what is asked: releases outlive the models that made them."""

    def __init__(self) -> None:
        super().__init__(
            503,
            "The newest release was built by models that did not have this yet; "
            "POST /trigger_report starts a build.",
        )


def read(
    request: Request, ask: Callable[..., Any], timeout: str = "query_timeout_seconds"
) -> tuple[Release, Any]:
    """Return the newest release that can be read, and what is asked of it.

    Raises NoReleaseError if there is none, OutdatedError, and TooSlowError after the seconds that
    the setting `timeout` says.
    """
    settings = request.app.state.settings
    seconds = getattr(settings, timeout)
    releases: SharedReleases = request.app.state.shared_releases
    while True:
        with (
            releases.open_newest() as (release, connection),
            limited(connection, seconds, f"STORE_UPTIME_{timeout.upper()}"),
        ):
            try:
                return release, ask(Reader(release, connection, allowed_stores(request), settings))
            except (duckdb.CatalogException, duckdb.BinderException):
                raise OutdatedError from None
            except duckdb.Error as error:
                if not is_damage(error):
                    raise
                # Each of them is given up once.
                releases.give_up(release, error)


def page(
    release: Release, name: str, rows: list[str], next_cursor: str | None, **further: Any
) -> bytes:
    """Return a page of rows, which are JSON already, under a name."""
    head = json.dumps(
        {"as_of": release.as_of, **further, "next_cursor": next_cursor}, ensure_ascii=False
    )
    return f'{head[:-1]}, "{name}": [{",".join(rows)}]}}'.encode()


def _etag(request: Request, release: Release) -> str:
    asked = (release.release_id, request.url.path, request.url.query, allowed_stores(request))
    return f'"{hashlib.sha256(repr(asked).encode()).hexdigest()[:32]}"'


def _headers(etag: str) -> dict[str, str]:
    return {"ETag": etag, "Cache-Control": "private, no-cache"}


class TooSlowError(HTTPException):
    """A query was interrupted because it took too long."""

    def __init__(self, said: str) -> None:
        super().__init__(503, f"{said} Ask for a shorter window or fewer stores.")


class Places:
    """Places for queries, as many as there are cores; whoever finds none waits in a short queue.

    A client, and a kind of question of a client, has all places but one at most, and stands in the
    queue with no more: so a client that sends many, or many of one that takes long, delays the
    others by few queries only. It is for one event loop.
    """

    def __init__(self, places: int | None = None) -> None:
        """Have so many places, one for each core unless said otherwise."""
        places = places or len(os.sched_getaffinity(0))
        self._all = asyncio.Semaphore(places)
        self._each_max = max(1, places - 1)
        self._of_each: WeakValueDictionary[tuple[str, ...], asyncio.Semaphore] = (
            WeakValueDictionary()
        )
        self._waiting: Counter[tuple[str, ...]] = Counter()

    @asynccontextmanager
    async def take(self, client: str, question: str) -> AsyncIterator[None]:
        """Wait for a place and keep it meanwhile; raises BusyError if too many wait already."""
        keys = ((client, question), (client,), ())
        if any(self._waiting[key] >= most for key, most in zip(keys, _WAITING_MAX, strict=True)):
            raise BusyError("More queries are waiting than the service can answer soon.")
        turns = [
            self._of_each.setdefault(key, asyncio.Semaphore(self._each_max)) for key in keys[:2]
        ]
        async with AsyncExitStack() as taken:
            self._waiting.update(keys)
            try:
                for turn in (*turns, self._all):
                    await taken.enter_async_context(turn)
            finally:
                self._waiting.subtract(keys)
            yield


@contextmanager
def limited(
    connection: duckdb.DuckDBPyConnection,
    seconds: float,
    setting: str = "STORE_UPTIME_QUERY_TIMEOUT_SECONDS",
) -> Iterator[None]:
    """Interrupt what runs on the connection after so many seconds, with a TooSlowError."""
    is_late, is_done = threading.Event(), threading.Event()

    def interrupt() -> None:
        is_done.wait(seconds)
        # What is between two statements is not interrupted by one call.
        while not is_done.is_set():
            is_late.set()
            connection.interrupt()
            is_done.wait(_INTERRUPT_SECONDS)

    watch = threading.Thread(target=interrupt, daemon=True)
    watch.start()
    try:
        yield
    except duckdb.Error:
        if not is_late.is_set():
            raise
        raise TooSlowError(
            f"The query was ended after {seconds:g} seconds, the most that {setting} allows."
        ) from None
    finally:
        is_done.set()
        watch.join()


class TableFiles:
    """The files in one folder, which may be removed at any time."""

    def __init__(self, folder: pathlib.Path, bytes_max: int) -> None:
        self._folder = folder
        self._bytes_max = bytes_max
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def path(self, release_id: str, asked: object, ending: str) -> pathlib.Path:
        """Return where the answer to a question is, if it is there."""
        digest = hashlib.sha256(repr((release_id, asked)).encode()).hexdigest()
        return self._folder / f"{digest}.{ending}"

    def lock(self, path: pathlib.Path) -> asyncio.Lock:
        """Return the lock of whoever writes a file, so that others wait for it."""
        return self._locks.setdefault(path.name, asyncio.Lock())

    def find(self, path: pathlib.Path) -> os.stat_result | None:
        """Return what is known of a file, and count it as used; None if it is not there."""
        try:
            os.utime(path, (time.time(), path.stat().st_mtime))
            return path.stat()
        except FileNotFoundError:
            return None

    def write(self, path: pathlib.Path, write: Callable[[pathlib.Path], None]) -> pathlib.Path:
        """Have a file written and found from now on; those used longest ago make room."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with written(path) as unfinished:
            write(unfinished)
        self._make_room(path)
        return path

    def _make_room(self, path: pathlib.Path) -> None:
        found = []
        for other in self._folder.iterdir():
            with suppress(FileNotFoundError):
                found.append((other.stat().st_atime, other.stat().st_size, other))
        size = sum(bytes for _, bytes, _ in found)
        for used_at, bytes, other in sorted(found):
            if other == path:
                continue
            if size <= self._bytes_max or used_at > time.time() - _KEPT_SECONDS:
                break
            other.unlink(missing_ok=True)
            size -= bytes


def is_known(etag: str, if_none_match: str | None) -> bool:
    """Say whether the client that sent this `If-None-Match` has the version of this ETag."""
    if if_none_match is None:
        return False
    sent = {part.strip().removeprefix("W/") for part in if_none_match.split(",")}
    return "*" in sent or etag in sent


def prefers(accept: str, kind: str, default: str) -> bool:
    """Say whether whoever sends this `Accept` would rather have the kind than the default.

    Where both are as welcome, that is so if the kind is named.
    """
    if accept in ("", "*/*"):
        # Most clients send that, and reading it takes longer than all else here.
        return False
    wanted = parse_accept_header(accept, MIMEAccept)
    is_named = kind in wanted.values() and wanted[kind] >= wanted[default]
    return wanted.best_match([default, kind]) == kind or (is_named and wanted[kind] > 0)
