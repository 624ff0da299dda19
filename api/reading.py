"""Answers from the newest release: who may read which stores, and what a client already knows."""

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, get_args, get_origin

import duckdb
from fastapi import Path, Query, Request, Response
from fastapi.routing import APIRoute
from pydantic.fields import FieldInfo
from starlette.exceptions import HTTPException

from api.errors import declared, quoted
from api.etags import is_known
from api.instants import Instant, as_text
from api.queries import TooSlowError, limited
from api.releases import NoReleaseError, Release

_FIRST, _LAST = datetime(1971, 1, 1, tzinfo=UTC), datetime(9998, 12, 31, tzinfo=UTC)

# What any answer from a release may be besides the answer.
REFUSALS: dict[int | str, dict[str, Any]] = {
    304: {"description": "Nothing has changed since the ETag in `If-None-Match`."},
    **declared(403, 404, 422, 503),
}

# What reads the body of an answer, which is JSON, from a release.
Ask = Callable[[Release, duckdb.DuckDBPyConnection], bytes]

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
    Instant | None,
    Query(
        alias="to",
        description="End, exclusive, at most `as_of`; UTC unless it has an offset. "
        "Default: `as_of`.",
        examples=["2026-03-12T00:00:00Z"],
    ),
]


def answer(request: Request, ask: Ask) -> Response:
    """Answer with what `ask` reads from the newest release, or with 304 if the client has that."""
    shared = request.app.state.shared_releases
    try:
        etag = _etag(request, shared.newest())
        if is_known(etag, request.headers.get("If-None-Match")):
            return Response(status_code=304, headers=_headers(etag))
        with (
            shared.open_newest() as (release, connection),
            limited(connection, request.app.state.settings.query_timeout_seconds),
        ):
            body = ask(release, connection)
    except NoReleaseError as error:
        raise HTTPException(503, f"{error} POST /trigger_report starts one.") from None
    except TooSlowError as error:
        raise HTTPException(503, f"{error} Ask for a shorter window or fewer stores.") from None
    except (duckdb.CatalogException, duckdb.BinderException):
        # Releases outlive the models that made them.
        raise HTTPException(
            503,
            "The newest release was built by models that did not have this yet; "
            "POST /trigger_report starts a build.",
        ) from None
    return Response(body, media_type="application/json", headers=_headers(_etag(request, release)))


async def check_parameters(request: Request) -> None:
    """Raise HTTPException 422 for a parameter that there is not, such as a filter misspelt.

    So for one that comes twice and takes a single value, as the other would be ignored.
    """
    known = dict(_parameters(request.scope["route"]))
    counts = Counter(name for name, _ in request.query_params.multi_items())
    for name in counts:
        if name not in known:
            raise HTTPException(
                422,
                f"query: there is no parameter {quoted(name)}; "
                f"there are {', '.join(known) or 'none'}.",
            )
    for name, count in counts.items():
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
        accepted = ", ".join(map(repr, known))
        raise HTTPException(422, f"query.{name}: {quoted(value)} is none of {accepted}.")


def window(
    request: Request, release: Release, from_at: datetime | None, to_at: datetime | None
) -> tuple[datetime, datetime]:
    """Return the window asked for, in UTC without a zone, the last week if none was.

    Raises HTTPException 422 for one that is empty, too long or not over yet.
    """
    as_of = datetime.fromisoformat(release.as_of).astimezone(UTC).replace(tzinfo=None)
    ended_at = as_of if to_at is None else _utc("to", to_at)
    if ended_at > as_of:
        raise HTTPException(
            422,
            f"query.to: {as_text(ended_at)} is after as_of, {as_text(as_of)}, "
            "up to which is known.",
        )
    days_max = request.app.state.settings.window_days_max
    a_week = timedelta(days=min(7, days_max))
    started_at = ended_at - a_week if from_at is None else _utc("from", from_at)
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
    return started_at, ended_at


def days(
    request: Request, release: Release, from_on: date | None, to_on: date | None
) -> tuple[date, date | None]:
    """Return the dates asked for, those from a week before `as_of` on if none were.

    Raises HTTPException 422 for a window that is empty or too long.
    """
    days_max = request.app.state.settings.window_days_max
    # No clock is further ahead of UTC than a day.
    known_until = datetime.fromisoformat(release.as_of).date() + timedelta(days=2)
    started_on = known_until - timedelta(days=min(9, days_max)) if from_on is None else from_on
    if to_on is not None and started_on >= to_on:
        raise HTTPException(422, f"query.from: {started_on} is not before {to_on}, the end.")
    ended_on = max(started_on, known_until) if to_on is None else to_on
    if ended_on - started_on > timedelta(days=days_max):
        raise HTTPException(
            422,
            f"query.from: {started_on} to {ended_on} is longer than {days_max:g} days, the most "
            "that STORE_UPTIME_WINDOW_DAYS_MAX allows.",
        )
    return started_on, to_on


def page(
    release: Release, name: str, rows: list[str], next_cursor: str | None, **further: str | None
) -> bytes:
    """Return a page of rows, which are JSON already, under a name."""
    head = json.dumps(
        {"as_of": release.as_of, **further, "next_cursor": next_cursor}, ensure_ascii=False
    )
    return f'{head[:-1]}, "{name}": [{",".join(rows)}]}}'.encode()


def _utc(name: str, at: datetime) -> datetime:
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
