"""Rows of a release as JSON: DuckDB writes it, exact to the microsecond."""

from collections.abc import Sequence

import duckdb

from loader.manifest import literal


def columns(connection: duckdb.DuckDBPyConnection, table: str) -> dict[str, str]:
    """Return the types of the columns of a table or query by their names."""
    return {name: kind for name, kind, *_ in connection.execute(f"describe {table}").fetchall()}


def identifier(name: str) -> str:
    """Return a name as SQL text."""
    return '"' + name.replace('"', '""') + '"'


def json_object(values: dict[str, str]) -> str:
    """Return SQL that gives an object of JSON, from SQL for each of its values."""
    return f"json_object({', '.join(f'{literal(name)}, {sql}' for name, sql in values.items())})"


def json_values(table: str, kinds: dict[str, str]) -> dict[str, str]:
    """Return SQL for the values of a table's columns as they stand in the service's JSON."""
    return {name: json_value(f"{table}.{identifier(name)}", kind) for name, kind in kinds.items()}


def json_value(value: str, kind: str) -> str:
    """Return SQL for a value as it stands in the service's JSON.

    Instants are ISO 8601 in UTC; durations have six digits, without what floats add after them.
    """
    if kind == "TIMESTAMP":
        return f"strftime({value}, '%Y-%m-%dT%H:%M:%S.%fZ')"
    if kind == "DOUBLE" and "seconds" in value:
        return f"cast({value} as decimal(18, 6))"
    return value


# Of formulas; the last four are as wide as Chinese signs.
_SIGNS = r"[=+\-@\t\r\n\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}]"


def guarded(text: str) -> str:
    """Return SQL for a text in CSV, with an apostrophe before what a spreadsheet would run.

    Quotes do not keep it from that; some spreadsheets take `;` for a comma. Numbers stay as they
    are. A further apostrophe tells `'=a` from what becomes of `=a`.
    """
    return rf"""
        case
            when regexp_full_match({text}, '''*[+\-][0-9.]+') then {text}
            else regexp_replace({text}, '(^|;)(''*{_SIGNS})', '\1''\2', 'g')
        end
    """


def file_value(value: str, kind: str, ending: str) -> str:
    """Return SQL for a value as it stands in a file; figures in Parquet are doubles."""
    if ending == "parquet":
        return f"cast({value} as double)" if kind.startswith("DECIMAL") else value
    if ending == "csv" and kind == "VARCHAR":
        return guarded(value)
    return json_value(value, kind)


class Conditions:
    """What rows must fulfil, with the values for its question marks."""

    def __init__(self) -> None:
        self._conditions = ["true"]
        self.values: list[object] = []

    def add(self, condition: str, *values: object) -> None:
        self._conditions.append(f"({condition})")
        self.values += values

    def add_stores(self, store_ids: Sequence[str] | None) -> None:
        """Have only rows of these stores, None for all; of a single one DuckDB reads no other."""
        if store_ids is not None:
            self.add(f"store_id in ({', '.join('?' * len(store_ids)) or 'null'})", *store_ids)

    @property
    def sql(self) -> str:
        return " and ".join(self._conditions)
