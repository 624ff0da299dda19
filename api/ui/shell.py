"""What all pages share: who reads, from which release, in which frame, and what is known already.

A page is a function that reads what it shows from the release, and a template. It has an ETag of
the release, the address, the reader's stores and clock, and of what the service is doing.
"""

import gzip
import hashlib
import json
import logging
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any, Literal

from fastapi import HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.exceptions import RequestValidationError
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException as StarletteHTTPException

from api import reading
from api.access import GuardedRoute, Principal, may_see
from api.answers import OutdatedError, answer_by_file, is_known, place, read
from api.reading import allowed_stores
from api.releases import NoReleaseError, Release
from api.routers.tables import ALL_TABLES, source, write_rows
from api.rows import Conditions
from api.ui.charts import LEVEL_WORDS, Stretch
from api.ui.clocks import Clock, clocks
from api.ui.words import FILTERS, NONE, PERIODS, STATES, WEEKDAYS, Times, address, age, is_long

log = logging.getLogger(__name__)

FOLDER = Path(__file__).parent
CLOCK_COOKIE = "store_uptime_clock"
# Smaller answers gain nothing by being packed.
_PACKED_FROM_BYTES = 1000

# Address, title, and whether it is about all stores.
PAGES = (
    ("./", "Who needs a call", False),
    ("fleet", "Fleet", True),
    ("outages", "Outages", False),
    ("targets", "Targets", True),
    ("data", "Data health", True),
    ("reports", "Reports", True),
)


@dataclass(frozen=True)
class Reader(reading.Reader):
    """The release as a page reads it: rows by the names of their columns."""

    times: Times

    def source(self, table: str) -> str:
        """Return what stands behind `from` for a table whose rows name files."""
        return source(ALL_TABLES[table], self.settings.data)

    def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        found = self.connection.execute(sql, list(values))
        names = [column[0] for column in found.description]
        rows = [dict(zip(names, row, strict=True)) for row in found.fetchall()]
        if "attributes" in names:
            for row in rows:
                row["attributes"] = json.loads(row["attributes"] or "{}")
        return rows

    def row(self, sql: str, *values: object) -> dict[str, Any] | None:
        return next(iter(self.rows(sql, *values)), None)

    def part(
        self, source: str, conditions: Conditions, order: str, page: int, rows: int, *values: object
    ) -> tuple[list[dict[str, Any]], dict[str, Any]]:
        """Return the rows of a page of a list, and what its template says of the page.

        `values` are for the question marks in the order.
        """
        found = self.rows(
            f"""
            select * from {source}
            where {conditions.sql}
            order by {order}
            limit {rows + 1} offset {(page - 1) * rows}
            """,
            *conditions.values,
            *values,
        )
        return found[:rows], {"has_more": len(found) > rows, "first": (page - 1) * rows + 1}

    def stretches(self, conditions: Conditions) -> dict[str, list[Stretch]]:
        """Return rows of the timeline, by store."""
        found: dict[str, list[Stretch]] = {}
        for row in self.rows(
            f"""
            select store_id, started_at, ended_at, status, is_confirmed, duration_seconds
            from store_timeline
            where {conditions.sql}
            order by store_id, started_at
            """,
            *conditions.values,
        ):
            found.setdefault(row.pop("store_id"), []).append(Stretch(**row))
        return found

    def clocks(self, store_ids: Sequence[str]) -> dict[str, Clock]:
        """Return the clocks of some stores."""
        found = self.connection.execute(
            f"""
            select
                keys.store_id, stores.timezone, make_timestamp(offsets.valid_from_us),
                make_timestamp(offsets.valid_until_us), offsets.utc_offset_us
            from intermediate.int_store_keys as keys
            inner join stores on keys.store_id = stores.store_id
            inner join intermediate.int_store_offsets as offsets
                on keys.store_key = offsets.store_key
            where keys.store_id in ({", ".join("?" * len(store_ids)) or "null"})
            order by keys.store_id, offsets.valid_from_us
            """,
            list(store_ids),
        )
        return clocks(found.fetchall())

    @property
    def as_of(self) -> datetime:
        """Up to when is known, in UTC without a zone."""
        return self.release.known_until


# What reads the things that a template shows.
Ask = Callable[[Reader], dict[str, Any]]
# What says which rows of a table a list shows, and in which order.
Choose = Callable[[Reader], tuple[Conditions, str]]
# Of what is shown: a page, or a file with all rows of its list.
Form = Literal["html", "csv"]


@dataclass(frozen=True)
class Work:
    """What the service does about figures that are to come."""

    is_building: bool = False
    models: str = ""
    # Why the last one that was asked for did not come.
    failure: str | None = None


class PageRoute(GuardedRoute):
    """A route whose refusals are pages, too."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        handle = super().get_route_handler()

        async def handle_as_page(request: Request) -> Response:
            try:
                _refuse_elsewhere(request)
                return await handle(request)
            except StarletteHTTPException as error:
                return refusal(request, error.status_code, str(error.detail), error.headers)
            except RequestValidationError as error:
                found = error.errors()[0]
                said = f"{found['loc'][-1]}: {found['msg']}, not {found.get('input')!r:.100}."
                return refusal(request, 422, said)
            except NoReleaseError as error:
                return refusal(request, 503, str(error))
            except sqlite3.Error:
                raise
            except Exception:
                log.exception("The page %s failed", request.url.path)
                return refusal(request, 500, "The page failed; the service's log has the cause.")

        return handle_as_page


def _refuse_elsewhere(request: Request) -> None:
    """Raise HTTPException 403 for a form that a page from elsewhere has sent."""
    if request.method == "GET":
        return
    site = request.headers.get("Sec-Fetch-Site")
    origin = request.headers.get("Origin", "null").partition("://")[2]
    if site != "same-origin" and (site or origin != request.headers.get("Host")):
        raise HTTPException(403, "Pages from elsewhere may not change anything here.")


async def page(request: Request, template: str, ask: Ask) -> Response:
    """Answer with a page of the newest release, by 304 if it is known, or say why there is none."""
    work = await run_in_threadpool(_work, request)
    now = datetime.now(UTC)
    try:
        release = await run_in_threadpool(request.app.state.shared_releases.readable)
        etag = _etag(request, release, work, now)
        if _is_known(request, etag):
            return Response(status_code=304, headers=_headers(etag))
        async with place(request):
            return await run_in_threadpool(_answer, request, template, ask, work, now)
    except NoReleaseError as error:
        body = render(request, "nothing.html", work=work, why=str(error))
        return html(request, body, etag=etag_of(body))


async def file(request: Request, table: str, choose: Choose) -> Response:
    """Answer with the rows of a table that a list shows, all its parts, in its order, as CSV."""

    def write(read: reading.Reader, path: Path) -> None:
        write_rows(read, ALL_TABLES[table], *choose(_reader(request, read)), path)

    asked = f"{request.url.path}?{request.url.query}"
    return await answer_by_file(request, f"{table}.csv", asked, write)


def refusal(request: Request, status: int, detail: str, headers: Any = None) -> Response:
    """Return a page that says why there is no other."""
    body = render(
        request,
        "refusal.html",
        status=status,
        title=HTTPStatus(status).phrase,
        detail=detail,
    )
    return html(request, body, status, headers=dict(headers or {}))


def render(request: Request, template: str, **shown: Any) -> bytes:
    """Return a template as HTML."""
    principal: Principal | None = getattr(request.state, "principal", None)
    frame = {
        "request_path": request.url.path,
        "here": request.url.path.rpartition("/")[2] or "./",
        "query": request.url.query,
        "pages": [
            (path, title)
            for path, title, is_about_all in PAGES
            if principal is not None and (not is_about_all or may_see(principal, None))
        ],
        "principal": principal,
        "times": times_of(request),
        "address": address,
        "version": _version(),
        "work": None,
        "release": None,
        "as_of": None,
    }
    return _templates().get_template(template).render(frame | shown).encode()


def html(
    request: Request,
    body: bytes,
    status: int = 200,
    etag: str | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """Return a page as an answer, packed for who takes that; with an ETag, 304 if it is known."""
    told = {**_headers(etag), **(headers or {})}
    if etag is not None and _is_known(request, etag):
        return Response(status_code=304, headers=told)
    if etag is not None:
        # The script knows by it whether what it gets later is another page.
        body = body.replace(b'data-etag=""', f"data-etag='{etag}'".encode(), 1)
    if len(body) >= _PACKED_FROM_BYTES and "gzip" in request.headers.get("Accept-Encoding", ""):
        body = gzip.compress(body, 5, mtime=0)
        told["Content-Encoding"] = "gzip"
    return Response(body, status, told, media_type="text/html")


def _reader(request: Request, reader: reading.Reader) -> Reader:
    return Reader(**vars(reader), times=times_of(request))


def times_of(request: Request) -> Times:
    return Times(request.cookies.get(CLOCK_COOKIE) == "utc")


def _answer(request: Request, template: str, ask: Ask, work: Work, now: datetime) -> Response:
    try:
        release, shown = read(request, lambda reader: ask(_reader(request, reader)))
    except OutdatedError:
        raise NoReleaseError("The figures there are were built by an earlier version.") from None
    known_until = release.known_until.replace(tzinfo=UTC)
    etag = _etag(request, release, work, now)
    body = render(
        request,
        template,
        **{
            "release": release,
            "as_of": release.known_until,
            "age": age(known_until, now),
            "is_old": is_long(known_until, now),
            "work": work,
            **shown,
        },
    )
    return html(request, body, etag=etag)


def _work(request: Request) -> Work:
    """Return what is being built, and why the last build failed, for who may see all stores."""
    if not may_see(request.state.principal, None):
        return Work()
    jobs = request.app.state.jobs
    progress = jobs.progress
    newest = next(iter(request.app.state.reports.entries(1)), None)
    is_building = progress is not None or (
        newest is not None and newest.status in ("Queued", "Running")
    )
    failure = newest.error if newest is not None and newest.status == "Failed" else None
    if failure is None and jobs.failed_refreshes:
        failure = "The last build that nobody asked for failed; the service's log has the cause."
    models = f"{progress.models_done} of {progress.models_all} tables" if progress else ""
    return Work(is_building, models, failure)


def _etag(request: Request, release: Release, work: Work, now: datetime) -> str:
    as_of = datetime.fromisoformat(release.as_of)
    asked = (
        release.release_id,
        request.url.path,
        request.url.query,
        allowed_stores(request),
        times_of(request).is_utc,
        getattr(request.state.principal, "name", None),
        work,
        age(as_of, now),
        is_long(as_of, now),
        _version(),
    )
    return etag_of(repr(asked).encode())


def etag_of(content: bytes) -> str:
    """Return the ETag of a content, weak, since it is the same packed and not."""
    return f'W/"{hashlib.sha256(content).hexdigest()[:32]}"'


def _is_known(request: Request, etag: str) -> bool:
    return is_known(etag.removeprefix("W/"), request.headers.get("If-None-Match"))


def _headers(etag: str | None) -> dict[str, str]:
    headers = {"Vary": "Cookie, Accept-Encoding"}
    if etag is not None:
        headers |= {"ETag": etag, "Cache-Control": "private, no-cache"}
    return headers


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= FILTERS
    templates.globals |= {
        "NONE": NONE,
        "PERIODS": PERIODS,
        "STATES": STATES,
        "WEEKDAYS": WEEKDAYS,
        "level_words": LEVEL_WORDS,
        "hour_labels": [(hour, f"{hour:02}") for hour in range(0, 24, 3)],
    }
    return templates


@cache
def _version() -> str:
    """Return what changes with the pages themselves."""
    digest = hashlib.sha256()
    for path in sorted(FOLDER.rglob("*")):
        if path.suffix in (".html", ".css", ".js", ".svg", ".py"):
            with suppress(OSError):
                digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
