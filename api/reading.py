"""Answers from the newest release: who may read which stores, and what a client already knows."""

import asyncio
import hashlib
import json
import os
import pathlib
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, get_args, get_origin
from uuid import uuid4
from weakref import WeakValueDictionary

import duckdb
from fastapi import Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse
from fastapi.routing import APIRoute
from pydantic.fields import FieldInfo
from starlette.exceptions import HTTPException
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from api.errors import declared, quoted
from api.instants import ALWAYS, TO_TEXT, Instant, Until, as_text
from api.queries import BusyError, TooSlowError, limited
from api.releases import NoReleaseError, Release, SharedReleases, is_damage
from api.rows import Conditions
from api.snapshots import MEDIA_TYPES

# Of values that are accepted, so many are named.
_KNOWN_SHOWN = 30
_FIRST, _LAST = datetime(1971, 1, 1, tzinfo=UTC), ALWAYS

# What any answer from a release may be besides the answer.
REFUSALS: dict[int | str, dict[str, Any]] = {
    304: {"description": "Nothing has changed since the ETag in `If-None-Match`."},
    **declared(403, 404, 422, 503),
}

START_CUT_TEXT = (
    "Whether it begins before the data, a week before the first poll of all: of that time nothing "
    "is known or counted."
)

# And of one that is a file.
FETCHED: dict[int | str, dict[str, Any]] = {
    206: {"description": "The part that `Range` names."},
    416: {"description": "There is no such part."},
    **REFUSALS,
}

# What reads the body of an answer, which is JSON, from a release.
Ask = Callable[[Release, duckdb.DuckDBPyConnection], bytes]

# What writes a file from a release.
Write = Callable[[Release, duckdb.DuckDBPyConnection, pathlib.Path], None]

StoreId = Annotated[
    str,
    Path(
        description="The store's id, percent-encoded, a slash in it too.",
        examples=["1000000000000000001"],
    ),
]
From = Annotated[
    Instant | None,
    Query(
        alias="from",
        description="Start, inclusive; UTC unless it has an offset. Default: a week before `to`.",
        examples=["2026-03-11T00:00:00Z"],
    ),
]
To = Annotated[
    Until | None,
    Query(
        alias="to",
        description=TO_TEXT,
        examples=["2026-03-12T00:00:00Z"],
    ),
]


@dataclass(frozen=True)
class Window:
    """A window of time that is known, in UTC without a zone; see `is_start_cut` in answers."""

    started_at: datetime
    ended_at: datetime
    is_start_cut: bool

    @property
    def said(self) -> dict[str, Any]:
        """The window as answers tell it."""
        return {
            "started_at": as_text(self.started_at),
            "ended_at": as_text(self.ended_at),
            "is_start_cut": self.is_start_cut,
        }


async def answer(request: Request, ask: Ask) -> Response:
    """Answer with what `ask` reads from the newest release, or with 304 if the client has that."""
    try:
        release = await run_in_threadpool(request.app.state.shared_releases.newest)
        etag = _etag(request, release)
        if is_known(etag, request.headers.get("If-None-Match")):
            return Response(status_code=304, headers=_headers(etag))
        async with place(request):
            release, body = await run_in_threadpool(_read, request, ask)
    except NoReleaseError as error:
        raise _without_release(error) from None
    return Response(body, media_type="application/json", headers=_headers(_etag(request, release)))


async def answer_by_file(request: Request, name: str, asked: object, write: Write) -> Response:
    """Answer with a file of the newest release that `write` writes, unless it is there by now."""
    while True:
        try:
            return await _file_answer(request, name, asked, write)
        except NoReleaseError as error:
            raise _without_release(error) from None
        except _OtherReleaseError:
            # It came just now, or the newest is damaged.
            continue


async def _file_answer(request: Request, name: str, asked: object, write: Write) -> Response:
    state = request.app.state
    files: TableFiles = state.table_files
    release = await run_in_threadpool(state.shared_releases.newest)
    ending = name.rpartition(".")[2]
    path = files.path(release.release_id, (name, asked, allowed_stores(request)), ending)
    headers = _headers(f'"{path.stem[:32]}"')
    if is_known(headers["ETag"], request.headers.get("If-None-Match")):
        return Response(status_code=304, headers=headers)
    async with files.lock(path):
        found = await run_in_threadpool(files.find, path)
        if found is None:
            async with place(request):
                await run_in_threadpool(_write, request, path, release, write)
            found = await run_in_threadpool(files.find, path)
    headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return FileResponse(path, headers=headers, media_type=MEDIA_TYPES[ending], stat_result=found)


class _OtherReleaseError(Exception):
    """What is read is another release than the one that was asked for."""


def _write(request: Request, path: pathlib.Path, wanted: Release, write: Write) -> None:
    files: TableFiles = request.app.state.table_files
    unfinished = files.unfinished()

    def ask(release: Release, connection: duckdb.DuckDBPyConnection) -> bytes:
        if release.release_id != wanted.release_id:
            raise _OtherReleaseError
        write(release, connection, unfinished)
        return b""

    try:
        _read(request, ask, "table_timeout_seconds")
        files.finish(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def _without_release(error: NoReleaseError) -> HTTPException:
    return HTTPException(503, f"{error} POST /trigger_report starts one.")


@asynccontextmanager
async def place(request: Request) -> AsyncIterator[None]:
    """Keep a place among the queries; raises HTTPException 503 if too many wait for one."""
    principal = getattr(request.state, "principal", None)
    # Without tokens all come from this machine, and a client is known by what it asks alone.
    question = request.scope["route"].path
    client = getattr(principal, "token_id", None) or question
    try:
        async with request.app.state.places.take(client, question):
            yield
    except BusyError as error:
        raise HTTPException(503, f"{error} Try again in a second.", {"Retry-After": "1"}) from None


def _read(
    request: Request, ask: Ask, timeout: str = "query_timeout_seconds"
) -> tuple[Release, bytes]:
    seconds = getattr(request.app.state.settings, timeout)
    releases: SharedReleases = request.app.state.shared_releases
    try:
        with (
            releases.open_newest() as (release, connection),
            limited(connection, seconds, f"STORE_UPTIME_{timeout.upper()}"),
        ):
            try:
                return release, ask(release, connection)
            except duckdb.Error as error:
                if not is_damage(error):
                    raise
                releases.give_up(release, error)
        # Each of them is given up once.
        return _read(request, ask, timeout)
    except TooSlowError as error:
        raise HTTPException(503, f"{error} Ask for a shorter window or fewer stores.") from None
    except (duckdb.CatalogException, duckdb.BinderException):
        # Releases outlive the models that made them.
        raise HTTPException(
            503,
            "The newest release was built by models that did not have this yet; "
            "POST /trigger_report starts a build.",
        ) from None


async def check_parameters(request: Request) -> None:
    """Raise HTTPException 422 for a parameter that there is not, such as a filter misspelt.

    So for one that comes twice and takes a single value, as the other would be ignored.
    """
    refuse_unknown_parameters(request, dict(_parameters(request.scope["route"])))


def refuse_unknown_parameters(request: Request, known: dict[str, FieldInfo]) -> None:
    """Do what `check_parameters` does, for parameters that are no route's."""
    counts = Counter(name for name, _ in request.query_params.multi_items())
    for name in counts:
        if name not in known:
            raise HTTPException(
                422,
                f"query: there is no parameter {quoted(name)}; "
                f"there are {', '.join(known) or 'none'}.",
            )
    for name, count in counts.items():
        if count > 1 and not is_list(known[name]):
            raise HTTPException(422, f"query.{name}: it comes {count} times; once is expected.")


def _parameters(route: APIRoute) -> Iterator[tuple[str, FieldInfo]]:
    """Give out the query parameters, by the names under which they are sent."""
    for parameter in route.dependant.query_params:
        fields = {parameter.alias: parameter.field_info}
        # Of a model that holds them all.
        fields = getattr(parameter.field_info.annotation, "model_fields", fields)
        for name, field in fields.items():
            yield field.alias or name, field


def is_list(field: FieldInfo) -> bool:
    """Say whether a parameter takes several values."""
    return list in map(get_origin, (field.annotation, *get_args(field.annotation)))


def allowed_stores(request: Request) -> list[str] | None:
    """Return the stores that the client may see, None for all."""
    stores = getattr(getattr(request.state, "principal", None), "stores", None)
    return None if stores is None else sorted(stores)


def refuse_other_stores(request: Request, store_ids: list[str]) -> None:
    """Raise HTTPException 403 if the client may not see one of the stores."""
    allowed = allowed_stores(request)
    for store_id in store_ids:
        if allowed is not None and store_id not in allowed:
            raise HTTPException(403, f"This token is not for the store {quoted(store_id)}.")


def check_stores_known(connection: duckdb.DuckDBPyConnection, store_ids: list[str]) -> None:
    """Raise HTTPException 404 if a store is in none of the inputs."""
    unknown = connection.execute(
        "select unnest(?::varchar[]) as store_id except select store_id from stores limit 1",
        [store_ids],
    ).fetchone()
    if unknown is not None:
        raise HTTPException(
            404,
            f"There is no store {quoted(unknown[0])} in the newest release; "
            "GET /stores lists them all.",
        )


def refuse_unknown(name: str, value: str, known: list[str]) -> None:
    """Raise HTTPException 422 for a value of a parameter that is not among those that there are."""
    if value not in known:
        accepted = ", ".join(map(repr, known[:_KNOWN_SHOWN]))
        if (more := len(known) - _KNOWN_SHOWN) > 0:
            accepted += f" and {more} more"
        raise HTTPException(422, f"query.{name}: {quoted(value)} is none of {accepted}.")


def refuse_unknown_value(
    request: Request,
    connection: duckdb.DuckDBPyConnection,
    attribute: str | None,
    value: str | None,
) -> None:
    """Raise HTTPException 422 for a value that no store has, or for an attribute if it has none."""
    if value is None:
        return
    rows = connection.execute(
        """
        select distinct value from store_groups
        where coalesce(attribute = $attribute, $attribute is null)
            and coalesce(list_contains($stores, store_id), $stores is null)
            and value is not null
        order by value
        """,
        {"attribute": attribute, "stores": allowed_stores(request)},
    ).fetchall()
    refuse_unknown("value", value, [known for (known,) in rows])


def add_attribute(
    request: Request,
    connection: duckdb.DuckDBPyConnection,
    conditions: Conditions,
    attribute: str | None,
    value: str | None,
    has_rows_of_all: bool = False,
    store_id: str = "store_id",
) -> None:
    """Have only rows of stores with a value of this attribute, or with this value of it.

    Raises HTTPException 422 if there is no such attribute or value.
    """
    if attribute is None:
        if value is not None:
            raise HTTPException(422, "query.value: its attribute is expected, too.")
        return
    names = connection.execute("select distinct attribute from store_groups").fetchall()
    refuse_unknown("attribute", attribute, sorted(name for (name,) in names))
    refuse_unknown_value(request, connection, attribute, value)
    having = f"attribute = ? and value {'is not null' if value is None else '= ?'}"
    conditions.add(
        f"{store_id} in (select store_id from store_groups where {having})"
        + (" or store_id = '*'" if has_rows_of_all else ""),
        *(text for text in (attribute, value) if text is not None),
    )


def window(
    request: Request,
    release: Release,
    connection: duckdb.DuckDBPyConnection,
    from_at: datetime | None,
    to_at: datetime | None,
) -> Window:
    """Return the window asked for, up to `as_of`, the last week if none was.

    Raises HTTPException 422 for one that is empty or too long.
    """
    as_of = datetime.fromisoformat(release.as_of).astimezone(UTC).replace(tzinfo=None)
    ended_at = as_of if to_at is None else min(as_of, in_utc("to", to_at))
    days_max = request.app.state.settings.window_days_max
    a_week = timedelta(days=min(7, days_max))
    started_at = ended_at - a_week if from_at is None else in_utc("from", from_at)
    if started_at >= ended_at:
        raise HTTPException(
            422, f"query.from: {as_text(started_at)} is not before {as_text(ended_at)}, the end."
        )
    if ended_at - started_at > timedelta(days=days_max):
        raise HTTPException(
            422,
            f"query.from: {as_text(started_at)} to {as_text(ended_at)} is longer than {days_max:g} "
            "days, the most that STORE_UPTIME_WINDOW_DAYS_MAX allows.",
        )
    return Window(started_at, ended_at, started_at < _begins_at(connection))


def days(
    request: Request,
    release: Release,
    connection: duckdb.DuckDBPyConnection,
    from_on: date | None,
    to_on: date | None,
    are_planned: bool,
) -> tuple[date, date | None, bool | None]:
    """Return the dates asked for, those from a week before `as_of` on if none were.

    And whether they begin before the data; of dates that are planned, and so may lie ahead, None.
    Raises HTTPException 422 for a window that is empty or too long.
    """
    days_max = request.app.state.settings.window_days_max
    # No clock is further ahead of UTC than a day.
    known_until = datetime.fromisoformat(release.as_of).date() + timedelta(days=2)
    started_on = known_until - timedelta(days=min(9, days_max)) if from_on is None else from_on
    if to_on is not None and (to_on == ALWAYS.date() or not are_planned):
        to_on = min(to_on, known_until)
    if to_on is not None and started_on >= to_on:
        raise HTTPException(422, f"query.from: {started_on} is not before {to_on}, the end.")
    ended_on = max(started_on, known_until) if to_on is None else to_on
    if ended_on - started_on > timedelta(days=days_max):
        raise HTTPException(
            422,
            f"query.from: {started_on} to {ended_on} is longer than {days_max:g} days, the most "
            "that STORE_UPTIME_WINDOW_DAYS_MAX allows.",
        )
    is_start_cut = None if are_planned else started_on <= _begins_at(connection).date()
    return started_on, to_on, is_start_cut


def _begins_at(connection: duckdb.DuckDBPyConnection) -> datetime:
    """Return from when on a release knows anything, in UTC without a zone."""
    [(begins_at,)] = connection.execute(
        "select make_timestamp(starts_us) from intermediate.int_horizon"
    ).fetchall()
    return begins_at


def page(
    release: Release, name: str, rows: list[str], next_cursor: str | None, **further: Any
) -> bytes:
    """Return a page of rows, which are JSON already, under a name."""
    head = json.dumps(
        {"as_of": release.as_of, **further, "next_cursor": next_cursor}, ensure_ascii=False
    )
    return f'{head[:-1]}, "{name}": [{",".join(rows)}]}}'.encode()


def in_utc(name: str, at: datetime) -> datetime:
    """Return an instant without its zone, or raise HTTPException 422 for one out of reach."""
    with_zone = at.replace(tzinfo=at.tzinfo or UTC)
    if not _FIRST <= with_zone <= _LAST:
        raise HTTPException(
            422, f"query.{name}: {at.isoformat()} is outside the years 1971 to 9998."
        )
    return with_zone.astimezone(UTC).replace(tzinfo=None)


def _etag(request: Request, release: Release) -> str:
    asked = (release.release_id, request.url.path, request.url.query, allowed_stores(request))
    return f'"{hashlib.sha256(repr(asked).encode()).hexdigest()[:32]}"'


def _headers(etag: str) -> dict[str, str]:
    return {"ETag": etag, "Cache-Control": "private, no-cache"}


# A file that was asked for just now is about to be sent.
_KEPT_SECONDS = 60


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

    def unfinished(self) -> pathlib.Path:
        """Return a name for a file that is being written, in the folder."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder / f".{uuid4().hex}.tmp"

    def finish(self, unfinished: pathlib.Path, path: pathlib.Path) -> None:
        """Have a file found from now on; those that were used longest ago make room."""
        unfinished.replace(path)
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
    wanted = parse_accept_header(accept, MIMEAccept)
    is_named = kind in wanted.values() and wanted[kind] >= wanted[default]
    return wanted.best_match([default, kind]) == kind or (is_named and wanted[kind] > 0)
