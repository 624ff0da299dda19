"""What is asked of the newest release: by which parameters, for which stores and which time."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, get_args, get_origin

import duckdb
from fastapi import APIRouter, Path, Query, Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from api.access import GuardedRoute
from api.errors import ANY_PROBLEM, quoted
from api.instants import ALWAYS, Day, Instant, Until, UntilDay, as_text
from api.releases import Release
from api.rows import Conditions
from api.settings import Settings

# Of values that are accepted, so many are named.
_KNOWN_SHOWN = 30
_FIRST, _LAST = datetime(1971, 1, 1, tzinfo=UTC), ALWAYS

START_CUT_TEXT = (
    "Whether it begins before the data, a week before the first poll of all: of that time nothing "
    "is known or counted."
)


class OfWindow(BaseModel):
    """The window asked for, as an answer tells it."""

    started_at: datetime
    ended_at: datetime
    is_start_cut: bool = Field(description=START_CUT_TEXT)


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
        description="End, exclusive; UTC unless it has an offset. `now`, or an instant after "
        "`as_of`, means `as_of`, up to which is known; so does none.",
        examples=["2026-03-12T00:00:00Z"],
    ),
]
FromDay = Annotated[
    Day | None,
    Query(
        alias="from",
        description="First date. Default: a week before the date of `as_of`.",
    ),
]
ToDay = Annotated[
    UntilDay | None,
    Query(
        alias="to",
        description="The date after the last one. `now` means the dates that are known so far. "
        "Default: none.",
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


class CheckedRoute(GuardedRoute):
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


def _check_parameters(request: Request, known: dict[str, bool]) -> None:
    sent = [name for name, _ in request.query_params.multi_items()]
    for name in sent:
        if name not in known:
            raise HTTPException(
                422,
                f"query: there is no parameter {quoted(name)}; "
                f"there are {', '.join(known) or 'none'}.",
            )
        if not known[name] and (count := sent.count(name)) > 1:
            raise HTTPException(422, f"query.{name}: it comes {count} times; once is expected.")


def _parameters(route: APIRoute) -> Iterator[tuple[str, bool]]:
    """Give out the query parameters as they are sent, and whether they take several values."""
    for parameter in route.dependant.query_params:
        fields = {parameter.alias: parameter.field_info}
        # Of a model that holds them all.
        fields = getattr(parameter.field_info.annotation, "model_fields", fields)
        for name, field in fields.items():
            kinds = (field.annotation, *get_args(field.annotation))
            yield field.alias or name, list in map(get_origin, kinds)


def router_of(tag: str, route_class: type[APIRoute] = CheckedRoute) -> APIRouter:
    """Return a router for the endpoints of a module."""
    return APIRouter(
        tags=[tag],
        route_class=route_class,
        responses=ANY_PROBLEM,
        generate_unique_id_function=lambda route: route.name,
    )


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


def refuse_unknown(name: str, value: str, known: list[str]) -> None:
    """Raise HTTPException 422 for a value of a parameter that is not among those that there are."""
    if value not in known:
        accepted = ", ".join(map(repr, known[:_KNOWN_SHOWN]))
        if (more := len(known) - _KNOWN_SHOWN) > 0:
            accepted += f" and {more} more"
        raise HTTPException(422, f"query.{name}: {quoted(value)} is none of {accepted}.")


@dataclass(frozen=True)
class Reader:
    """The newest release, as one request reads it."""

    release: Release
    connection: duckdb.DuckDBPyConnection
    # The stores that whoever asks may see, None for all.
    stores: list[str] | None
    settings: Settings

    def check_known(self, store_ids: list[str]) -> None:
        """Raise HTTPException 404 if a store is in none of the inputs."""
        unknown = self.connection.execute(
            "select unnest(?::varchar[]) as store_id except select store_id from stores limit 1",
            [store_ids],
        ).fetchone()
        if unknown is not None:
            raise HTTPException(
                404,
                f"There is no store {quoted(unknown[0])} in the newest release; "
                "GET /stores lists them all.",
            )

    def check_value(self, attribute: str | None, value: str | None) -> None:
        """Raise HTTPException 422 for a value that no store has of an attribute, or of any."""
        if value is None:
            return
        rows = self.connection.execute(
            """
            select distinct value from store_groups
            where coalesce(attribute = $attribute, $attribute is null)
                and coalesce(list_contains($stores, store_id), $stores is null)
                and value is not null
            order by value
            """,
            {"attribute": attribute, "stores": self.stores},
        ).fetchall()
        refuse_unknown("value", value, [known for (known,) in rows])

    def add_attribute(
        self,
        conditions: Conditions,
        attribute: str | None,
        value: str | None,
        has_rows_of_all: bool = False,
    ) -> None:
        """Have only rows of stores with a value of this attribute, or with this value of it.

        Raises HTTPException 422 if there is no such attribute or value.
        """
        if attribute is None:
            if value is not None:
                raise HTTPException(422, "query.value: its attribute is expected, too.")
            return
        names = self.connection.execute("select distinct attribute from store_groups").fetchall()
        refuse_unknown("attribute", attribute, sorted(name for (name,) in names))
        self.check_value(attribute, value)
        having = f"attribute = ? and value {'is not null' if value is None else '= ?'}"
        conditions.add(
            f"store_id in (select store_id from store_groups where {having})"
            + (" or store_id = '*'" if has_rows_of_all else ""),
            *(text for text in (attribute, value) if text is not None),
        )

    def window(self, from_at: datetime | None, to_at: datetime | None) -> Window:
        """Return the window asked for, up to `as_of`, the last week if none was.

        Raises HTTPException 422 for one that is empty or too long.
        """
        days_max = self.settings.window_days_max
        end = self.release.known_until
        if to_at is not None:
            end = min(end, in_utc("to", to_at))
        a_week_before = end - timedelta(days=min(7, days_max))
        start = a_week_before if from_at is None else in_utc("from", from_at)
        refuse_empty(start, end)
        _refuse_long(start, end, days_max)
        return Window(start, end, start < self._begins_at())

    def days(self, from_on: date | None, to_on: date | None, are_planned: bool) -> Window:
        """Return the dates asked for, those from a week before `as_of` on if none were.

        Raises HTTPException 422 for a window that is empty or too long.
        """
        days_max = self.settings.window_days_max
        # No clock is further ahead of UTC than a day.
        known_until = self.release.known_until.date() + timedelta(days=2)
        start = known_until - timedelta(days=min(9, days_max)) if from_on is None else from_on
        if to_on is not None and (to_on == ALWAYS.date() or not are_planned):
            to_on = min(to_on, known_until)
        refuse_empty(start, to_on)
        _refuse_long(start, to_on or max(start, known_until), days_max)
        is_start_cut = None if are_planned else start <= self._begins_at().date()
        return Window(start, to_on, is_start_cut)

    def _begins_at(self) -> datetime:
        """Return from when on the release knows anything, in UTC without a zone."""
        [(begins_at,)] = self.connection.execute(
            "select make_timestamp(starts_us) from intermediate.int_horizon"
        ).fetchall()
        return begins_at


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


def in_utc(name: str, at: datetime) -> datetime:
    """Return an instant without its zone, or raise HTTPException 422 for one out of reach."""
    with_zone = at.replace(tzinfo=at.tzinfo or UTC)
    if not _FIRST <= with_zone <= _LAST:
        raise HTTPException(
            422, f"query.{name}: {at.isoformat()} is outside the years 1971 to 9998."
        )
    return with_zone.astimezone(UTC).replace(tzinfo=None)
