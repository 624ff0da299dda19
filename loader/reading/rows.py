"""From the columns of a file to the rows of the lake: one select for a scan, whatever its format.

A new reason that reading alone can tell goes into `_why_set_aside`, a new column of the lake into
the function of its input.
"""

from collections.abc import Callable, Mapping

from loader.inputs import Input
from loader.reading.scan import Column, Scan, further_columns, identifier, known_columns, literal
from loader.values import (
    DAY_NUMBER,
    DAY_OF_WEEK,
    FIRST_POLL,
    IS_CLOSED,
    LOCAL_DAY,
    STATUS,
    STORE_ID,
    TIME_OF_DAY_US,
    WHY_NO_ID,
    is_plain_id,
    trimmed,
    trimmed_in_lower_case,
    trimmed_or_null,
)

_FIRST_POLL_US = int(FIRST_POLL.timestamp()) * 1_000_000


def select(one: Input, scan: Scan, clock_us: int) -> str:
    """Return a select that gives the rows of the lake but for the part's key, in their order."""
    known = known_columns(one, scan)
    further = further_columns(one, scan) if one.takes_further_columns else {}
    given = _Given(known, further)
    raw_values = _raw_values(one, given)
    if one.name == "store_status":
        raw_values = f"""
            case
                when set_aside_as is null and trimmed_id is not null and is_active is not null
                    and polled_us between {_FIRST_POLL_US} and {clock_us}
                    then null
                else {raw_values}
            end"""
    store_id = "case when set_aside_as is null then trimmed_id end"
    read = {
        "file_key": "file_key",
        "line_number": "line_number",
        "lines": "lines",
        "store_id": store_id if "store_id" in one.columns else "null",
        "set_aside_as": "set_aside_as",
        "raw_values": f"case when malformed is not null then malformed else {raw_values} end",
        **{name: name for name in one.lake_columns},
    }
    columns = ", ".join(
        f"cast({read[name]} as {kind}) as {name}"
        for name, kind in one.schema.items()
        if name != "part_key"
    )
    lake_columns = ", ".join(f"{sql} as {name}" for name, sql in _LAKE_COLUMNS[one.name](given))
    values = ", ".join(
        f"{column.value} as {given.alias(name)}" for name, column in given.columns.items()
    )
    is_plain, trimmed_id = "true", "null"
    if "store_id" in one.columns:
        is_plain = is_plain_id(given["store_id"], _names_in_a_header(one, given))
        # Of nearly all ids it is enough to know that they are plain.
        given_id = given["store_id"]
        trimmed_id = f"case when is_plain then {given_id} else {STORE_ID.sql(given_id)} end"
    return f"""
        select {columns}
        from (
            select
                *,
                {_why_set_aside(one, given)} as set_aside_as,
                {trimmed_id} as trimmed_id,
                {lake_columns}
            from (
                select *, {is_plain} as is_plain
                from (
                    select
                        {scan.file_key} as file_key,
                        {scan.line_number} as line_number,
                        {scan.lines} as lines,
                        {scan.malformed} as malformed,
                        {values}
                    from {scan.source}
                )
            )
        )"""


class _Given:
    """The columns that a file has, by their names in the input; the text of others is null."""

    def __init__(self, known: Mapping[str, Column], further: Mapping[str, Column]) -> None:
        self.known = known
        self.further = further
        self.columns = {**known, **{_further(name): column for name, column in further.items()}}

    def __getitem__(self, name: str) -> str:
        if name not in self.columns:
            return "cast(null as varchar)"
        return self.columns[name].text(self.alias(name), is_id=name == "store_id")

    def alias(self, name: str) -> str:
        return identifier(f"given {name}")

    def instant_us(self, name: str) -> str:
        return self.columns[name].instant_us(self.alias(name))


def _further(name: str) -> str:
    return f"further {name}"


def _why_set_aside(one: Input, given: _Given) -> str:
    """Return SQL of the reason for which a row cannot be one of a store, or null."""
    names = _names_in_a_header(one, given)
    is_header = " and ".join(
        f"lower(replace({trimmed(given[name])}, chr(65279), '')) "
        f"in ({', '.join(map(literal, names))})"
        for name in given.columns
    )
    why_no_id = WHY_NO_ID.sql(given["store_id"]) if "store_id" in one.columns else "null"
    is_plain = "is_plain" if "store_id" in one.columns else "false"
    return f"""
        case
            when malformed is not null then 'malformed_row'
            when {is_plain} then null
            when {is_header} then 'repeated_header'
            else {why_no_id}
        end"""


def _names_in_a_header(one: Input, given: _Given) -> list[str]:
    """Return what any value of a repeated header may be: its columns may stand in another order."""
    spellings = [spelling for spellings in one.columns.values() for spelling in spellings]
    return [*dict.fromkeys([column.name for column in given.columns.values()] + spellings)]


def _raw_values(one: Input, given: _Given) -> str:
    """Return SQL of the row as one JSON object; of optional columns those that say something."""
    needed = [name for name in one.columns if name not in one.optional_columns]
    optional = [name for name in one.columns if name in one.optional_columns & given.known.keys()]
    objects = _json_object(
        [(name, given[name]) for name in needed]
        + [(name, given[_further(name)]) for name in given.further]
    )
    if optional:
        said = _json_object([(name, given[name]) for name in optional])
        objects = f"json_merge_patch({objects}, {said})"
    return f"cast({objects} as varchar)"


def _json_object(pairs: list[tuple[str, str]]) -> str:
    return "json_object(" + ", ".join(f"{literal(name)}, {sql}" for name, sql in pairs) + ")"


_Columns = list[tuple[str, str]]


def _store_status(given: _Given) -> _Columns:
    return [
        ("is_active", STATUS.sql(given["status"])),
        ("polled_us", given.instant_us("timestamp_utc")),
    ]


def _business_hours(given: _Given) -> _Columns:
    return [
        ("day_of_week", DAY_OF_WEEK.sql(given["day"])),
        ("day_number", DAY_NUMBER.sql(given["day"])),
        ("opens_us", TIME_OF_DAY_US.sql(given["start_time_local"])),
        ("closes_us", TIME_OF_DAY_US.sql(given["end_time_local"])),
        ("valid_from_day", LOCAL_DAY.sql(given["valid_from"])),
        ("valid_to_day", LOCAL_DAY.sql(given["valid_to"])),
        ("has_valid_from", f"{trimmed_in_lower_case(given['valid_from'])} <> ''"),
        ("has_valid_to", f"{trimmed_in_lower_case(given['valid_to'])} <> ''"),
    ]


def _timezones(given: _Given) -> _Columns:
    return [("timezone", trimmed_or_null(given["timezone_str"]))]


def _special_hours(given: _Given) -> _Columns:
    return [
        ("local_day", LOCAL_DAY.sql(given["date"])),
        ("opens_us", TIME_OF_DAY_US.sql(given["start_time_local"])),
        ("closes_us", TIME_OF_DAY_US.sql(given["end_time_local"])),
        ("opening", trimmed_in_lower_case(given["start_time_local"])),
        ("closing", trimmed_in_lower_case(given["end_time_local"])),
        ("closed", trimmed_in_lower_case(given["closed"])),
        ("is_closed", IS_CLOSED.sql(given["closed"])),
    ]


def _exclusions(given: _Given) -> _Columns:
    return [
        ("started_us", given.instant_us("from")),
        ("ended_us", given.instant_us("to")),
        ("reason", trimmed_or_null(given["reason"])),
        ("author", trimmed_or_null(given["author"])),
    ]


def _stores(given: _Given) -> _Columns:
    pairs = [(name, trimmed_or_null(given[_further(name)])) for name in given.further]
    return [("attributes", _json_object(pairs))]


def _uptime_targets(given: _Given) -> _Columns:
    return [
        (name, trimmed_or_null(given[name])) for name in ("attribute", "value", "ratio", "period")
    ]


_LAKE_COLUMNS: Mapping[str, Callable[[_Given], _Columns]] = {
    "store_status": _store_status,
    "business_hours": _business_hours,
    "timezones": _timezones,
    "special_hours": _special_hours,
    "exclusions": _exclusions,
    "stores": _stores,
    "uptime_targets": _uptime_targets,
}
