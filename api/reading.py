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
from weakref import WeakValueDictionary

import duckdb
from fastapi import Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from pydantic.fields import FieldInfo
from starlette.exceptions import HTTPException
from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from api.disk import written
from api.errors import declared, quoted
from api.instants import ALWAYS, TO_TEXT, Instant, Until, as_text
from api.queries import limited
from api.releases import Release, SharedReleases, is_damage
from api.rows import Conditions
from api.snapshots import MEDIA_TYPES

# Of values that are accepted, so many are named.
_KNOWN_SHOWN = 30
_FIRST, _LAST = datetime(1971, 1, 1, tzinfo=UTC), ALWAYS

UNCHANGED: dict[int | str, dict[str, Any]] = {
    304: {"description": "Nothing has changed since the ETag in `If-None-Match`."}
}
# What any answer from a release may be besides the answer.
REFUSALS: dict[int | str, dict[str, Any]] = {
    **UNCHANGED,
    **declared(403, 404, 422, 503),
}

START_CUT_TEXT = (
    "Whether it begins before the data, a week before the first poll of all: of that time nothing "
    "is known or counted."
)


class OfWindow(BaseModel):
    """The window asked for, as an answer tells it."""

    started_at: datetime
    ended_at: datetime
    is_start_cut: bool = Field(description=START_CUT_TEXT)


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
    """A window of time, in UTC without a zone, or of dates, which may have no end.

    `is_start_cut` is as in answers, and None of dates that are planned, which may lie ahead.
    """

    start: date
    end: date | None
    is_start_cut: bool | None

    @property
    def said(self) -> dict[str, Any]:
        """The window as answers tell it."""
        if isinstance(self.start, datetime):
            said = {"started_at": as_text(self.start), "ended_at": as_text(self.end)}
        else:
            said = {"started_on": str(self.start), "ended_on": self.end and str(self.end)}
        return said if self.is_start_cut is None else said | {"is_start_cut": self.is_start_cut}


async def answer(request: Request, ask: Ask) -> Response:
    """Answer with what `ask` reads from the newest release, or with 304 if the client has that."""
    release = await run_in_threadpool(request.app.state.shared_releases.readable)
    etag = _etag(request, release)
    if is_known(etag, request.headers.get("If-None-Match")):
        return Response(status_code=304, headers=_headers(etag))
    async with place(request):
        release, body = await run_in_threadpool(_read, request, ask)
    return Response(body, media_type="application/json", headers=_headers(_etag(request, release)))


async def answer_by_file(request: Request, name: str, asked: object, write: Write) -> Response:
    """Answer with a file of the newest release that `write` writes, unless it is there by now."""
    files: TableFiles = request.app.state.table_files
    ending = name.rpartition(".")[2]
    question = (name, asked, allowed_stores(request))

    def write_file(release: Release, connection: duckdb.DuckDBPyConnection) -> pathlib.Path:
        return files.write(
            files.path(release.release_id, question, ending),
            lambda unfinished: write(release, connection, unfinished),
        )

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
                _, path = await run_in_threadpool(_read, request, write_file, timeout)
            found = await run_in_threadpool(files.find, path)
    headers = _headers(_file_etag(path))
    headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return FileResponse(path, headers=headers, media_type=MEDIA_TYPES[ending], stat_result=found)


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


def _read(
    request: Request, ask: Callable[..., Any], timeout: str = "query_timeout_seconds"
) -> tuple[Release, Any]:
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
    except (duckdb.CatalogException, duckdb.BinderException):
        # Releases outlive the models that made them.
        raise HTTPException(
            503,
            "The newest release was built by models that did not have this yet; "
            "POST /trigger_report starts a build.",
        ) from None


class CheckedRoute(APIRoute):
    """A route that refuses parameters that there are not, such as a filter misspelt.

    So one that comes twice and takes a single value, as the other would be ignored.
    """

    def get_route_handler(self) -> Callable[[Request], Any]:
        handle, known = super().get_route_handler(), dict(_parameters(self))

        async def handle_checked(request: Request) -> Response:
            if request.scope["query_string"]:
                _check_parameters(request, known)
            return await handle(request)

        return handle_checked


def _check_parameters(request: Request, known: dict[str, FieldInfo]) -> None:
    for name, count in Counter(name for name, _ in request.query_params.multi_items()).items():
        if name not in known:
            raise HTTPException(
                422,
                f"query: there is no parameter {quoted(name)}; "
                f"there are {', '.join(known) or 'none'}.",
            )
        if count > 1 and not _is_list(known[name]):
            raise HTTPException(422, f"query.{name}: it comes {count} times; once is expected.")


def _parameters(route: APIRoute) -> Iterator[tuple[str, FieldInfo]]:
    """Give out the query parameters, by the names under which they are sent."""
    for parameter in route.dependant.query_params:
        fields = {parameter.alias: parameter.field_info}
        # Of a model that holds them all.
        fields = getattr(parameter.field_info.annotation, "model_fields", fields)
        for name, field in fields.items():
            yield field.alias or name, field


def _is_list(field: FieldInfo) -> bool:
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
    days_max = request.app.state.settings.window_days_max
    end = as_of if to_at is None else min(as_of, in_utc("to", to_at))
    a_week_before = end - timedelta(days=min(7, days_max))
    start = a_week_before if from_at is None else in_utc("from", from_at)
    refuse_empty(start, end)
    _refuse_long(start, end, days_max)
    return Window(start, end, start < _begins_at(connection))


def days(
    request: Request,
    release: Release,
    connection: duckdb.DuckDBPyConnection,
    from_on: date | None,
    to_on: date | None,
    are_planned: bool,
) -> Window:
    """Return the dates asked for, those from a week before `as_of` on if none were.

    Raises HTTPException 422 for a window that is empty or too long.
    """
    days_max = request.app.state.settings.window_days_max
    # No clock is further ahead of UTC than a day.
    known_until = datetime.fromisoformat(release.as_of).date() + timedelta(days=2)
    start = known_until - timedelta(days=min(9, days_max)) if from_on is None else from_on
    if to_on is not None and (to_on == ALWAYS.date() or not are_planned):
        to_on = min(to_on, known_until)
    refuse_empty(start, to_on)
    _refuse_long(start, to_on or max(start, known_until), days_max)
    is_start_cut = None if are_planned else start <= _begins_at(connection).date()
    return Window(start, to_on, is_start_cut)


def refuse_empty(start: date | None, end: date | None) -> None:
    """Raise HTTPException 422 for a window that ends before it begins."""
    if start is not None and end is not None and start >= end:
        raise HTTPException(
            422, f"query.from: {_shown(start)} is not before {_shown(end)}, the end."
        )


def _refuse_long(start: date, end: date, days_max: float) -> None:
    if end - start > timedelta(days=days_max):
        raise HTTPException(
            422,
            f"query.from: {_shown(start)} to {_shown(end)} is longer than {days_max:g} days, the "
            "most that STORE_UPTIME_WINDOW_DAYS_MAX allows.",
        )


def _shown(at: date) -> str:
    return as_text(at) if isinstance(at, datetime) else str(at)


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
    wanted = parse_accept_header(accept, MIMEAccept)
    is_named = kind in wanted.values() and wanted[kind] >= wanted[default]
    return wanted.best_match([default, kind]) == kind or (is_named and wanted[kind] > 0)
