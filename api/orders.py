"""Orders by several columns, and pages in them that also hold when rows are equal."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from api.pages import not_ours, read_cursor, write_cursor

_SKIPPED_MAX = 1 << 31


@dataclass(frozen=True)
class Key:
    """What rows are sorted by: SQL, its type and its direction; nulls come last."""

    sql: str
    kind: str
    descends: bool


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
        if found := read_cursor(cursor, name, *[str] * len(keys), int):
            *self._last, self.skipped = found
            if self.skipped is None or not 0 <= self.skipped <= _SKIPPED_MAX:
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

    def next_cursor(self, ends: Sequence[Sequence[str | None]]) -> str:
        """Return the cursor after a page, from the keys of its rows as texts."""
        last = list(ends[-1])
        alike = next((n for n, end in enumerate(reversed(ends)) if list(end) != last), len(ends))
        if alike == len(ends) and last == list(self._last):
            alike += self.skipped
        return write_cursor(self._name, *last, alike)
