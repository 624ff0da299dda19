"""Pages by key: a cursor says after which row the next page begins, whatever came meanwhile."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import duckdb
from fastapi import Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from api.errors import quoted
from api.settings import ROWS_MAX

_ROWS = 100

Limit = Annotated[
    int | None,
    Query(
        ge=1,
        le=ROWS_MAX,
        description=f"Rows on a page; unset: {_ROWS}, or the most that "
        "STORE_UPTIME_PAGE_ROWS_MAX allows if that is less.",
    ),
]
Cursor = Annotated[
    str | None,
    Query(description="`next_cursor` of the page before, for the page after it."),
]


class Page(BaseModel):
    """Rows of the newest release."""

    model_config = ConfigDict(extra="forbid")

    as_of: datetime
    next_cursor: str | None = Field(description="For the next page; null on the last one.")


class ListPage(BaseModel):
    """A part of a list that is no table."""

    next_cursor: str | None = Field(description="`cursor` of the next page, null at the end.")


def rows_on_page(request: Request, limit: int | None) -> int:
    """Return how many rows a page is to have.

    Raises HTTPException 422 for more than the setting allows.
    """
    rows_max = request.app.state.settings.page_rows_max
    if limit is None:
        return min(_ROWS, rows_max)
    if limit > rows_max:
        raise HTTPException(422, f"query.limit: {limit} is more than {rows_max}, the most allowed.")
    return limit


def write_cursor(order: str, *keys: str | int | None) -> str:
    """Return a cursor after the row with these keys; `order` names what the rows are sorted by."""
    said = json.dumps([order, *keys], separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")


def read_cursor(cursor: str | None, order: str, *types: Any) -> tuple[Any, ...] | None:
    """Return the keys in a cursor, each of its type, or None for the first page.

    Raises HTTPException 422 for a cursor that was not made here, or for another order.
    """
    if cursor is None:
        return None
    try:
        said = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True))
        # Text that no database takes is none of ours.
        json.dumps(said, ensure_ascii=False, allow_nan=False).encode()
    except (binascii.Error, ValueError, RecursionError):
        said = None
    if not isinstance(said, list) or len(said) != 1 + len(types):
        raise not_ours(cursor)
    said_order, *keys = said
    if said_order != order:
        raise HTTPException(
            422,
            f"query.cursor: this cursor is of a list with the order {quoted(said_order)}, "
            f"and here the order is {quoted(order)}; ask for the first page without a cursor.",
        )
    if not all(map(isinstance, keys, types)):
        raise not_ours(cursor)
    return tuple(keys)


def cut(
    found: Sequence[Any], limit: int, order: str, keys: Callable[[Any], tuple[str | int, ...]]
) -> tuple[Sequence[Any], str | None]:
    """Return the rows of a page, and the cursor after it, of more than that or all there are."""
    is_last = len(found) <= limit
    return found[:limit], None if is_last else write_cursor(order, *keys(found[limit - 1]))


def not_ours(cursor: str | None) -> HTTPException:
    """Return the refusal of a cursor that was not made here."""
    return HTTPException(
        422, f"query.cursor: {quoted(cursor)} is not a `next_cursor` that this service gave out."
    )


_SKIPPED_MAX = 1 << 31


@dataclass(frozen=True)
class Key:
    """What rows are sorted by: SQL, its type and its direction; nulls come last."""

    sql: str
    kind: str
    descends: bool = False


class Order:
    """An order, and where in it a page begins.

    A cursor has the keys of the last row, and how many rows that are equal to it in all keys were
    given out.
    """

    def __init__(self, name: str, keys: Sequence[Key], cursor: str | None) -> None:
        """Read the cursor, or raise HTTPException 422 for one of elsewhere."""
        self._name = name
        self._keys = keys
        self._cursor = cursor
        self._last, self.skipped = (), 0
        if found := read_cursor(cursor, name, *[str | None] * len(keys), int):
            *self._last, self.skipped = found
            if not 0 <= self.skipped <= _SKIPPED_MAX:
                raise not_ours(cursor)

    @property
    def texts(self) -> str:
        """SQL for the keys of a row, as they stand in a cursor."""
        return ", ".join(f"cast({key.sql} as varchar)" for key in self._keys)

    @property
    def sql(self) -> str:
        """What comes after `order by`."""
        return ", ".join(
            f"{key.sql} {'desc' if key.descends else 'asc'} nulls last" for key in self._keys
        )

    def condition(self, connection: duckdb.DuckDBPyConnection) -> tuple[Any, ...]:
        """Return the condition of rows that come with the last row or after it, then its values.

        Raises HTTPException 422 for a cursor that nobody was given.
        """
        if not self._last:
            return ("true",)
        casts = ", ".join(f"try_cast(? as {key.kind})" for key in self._keys)
        last = connection.execute(f"select {casts}", self._last).fetchone() or ()
        if [value is None for value in last] != [text is None for text in self._last]:
            raise not_ours(self._cursor)
        alternatives: list[str] = []
        values: list[object] = []
        equal: list[str] = []
        equals: list[object] = []
        for key, value in zip(self._keys, last, strict=True):
            if value is None:
                # Nothing comes after null.
                equal.append(f"{key.sql} is null")
                continue
            further = f"({key.sql} {'<' if key.descends else '>'} ? or {key.sql} is null)"
            alternatives.append(" and ".join([*equal, further]))
            values += [*equals, value]
            equal.append(f"{key.sql} = ?")
            equals.append(value)
        alternatives.append(" and ".join(equal))
        return " or ".join(alternatives), *values, *equals

    def cut(self, rows: Sequence[Sequence[Any]], limit: int) -> tuple[list[Any], str | None]:
        """Return what is on a page of rows, which end with their keys, and the cursor after it."""
        on_page = rows[:limit]
        is_last = len(rows) == len(on_page)
        ends = [keys for _, *keys in on_page]
        return [said for said, *_ in on_page], None if is_last else self._next_cursor(ends)

    def _next_cursor(self, ends: Sequence[Sequence[str | None]]) -> str:
        """Return the cursor after a page, from the keys of its rows as texts."""
        last = list(ends[-1])
        alike = next((n for n, end in enumerate(reversed(ends)) if list(end) != last), len(ends))
        if alike == len(ends) and last == list(self._last):
            alike += self.skipped
        return write_cursor(self._name, *last, alike)
