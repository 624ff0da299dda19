"""How text becomes a value: for each kind the rule, the SQL, and examples, which are tested.

`sql` takes an SQL expression of text and gives one that is null where the text is no such value.
A new way to write a time, a date, a day … goes here, and nowhere else.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

# No poll before it is believed. The zone rules begin a year earlier, as reports reach back before
# the first poll. Models have it as `first_poll_us` in macros/rules/polls.sql.
FIRST_POLL = datetime(2015, 1, 1, tzinfo=UTC)

# Whole numbers up to here are exact in a column of floating point, with 53 or 24 bits.
EXACT_IN_DOUBLE = 1 << 53
EXACT_IN_FLOAT = 1 << 24


@dataclass(frozen=True)
class Value:
    """One kind of value; an example is a text and what it is read as."""

    rule: str
    sql: Callable[[str], str]
    examples: Mapping[str, object]


def trimmed(text: str) -> str:
    r"""Text without the blanks around it: tabs and line ends, too, which DuckDB's trim leaves."""
    return rf"trim(trim({text}, e' \t\r\n'))"


def trimmed_or_null(text: str) -> str:
    """Text without the blanks around it; null if nothing is left."""
    return f"nullif({trimmed(text)}, '')"


def trimmed_in_lower_case(text: str) -> str:
    """Text without the blanks around it, in lower case; '' where there is none."""
    return f"coalesce(lower({trimmed(text)}), '')"


def _matches(text: str, pattern: str) -> str:
    return f"regexp_full_match({text}, '{pattern}')"


def _status(text: str) -> str:
    # Nearly all polls have it in lower case and without blanks: to compare takes a fifth as long.
    return f"""
        case
            when {text} = 'active' then true
            when {text} = 'inactive' then false
            else case lower({trimmed(text)}) when 'active' then true when 'inactive' then false end
        end"""


STATUS = Value(
    rule="active or inactive, whatever the case and the blanks around it.",
    sql=_status,
    examples={"active": True, " Inactive": False, "on": None},
)


def _instant_us(text: str) -> str:
    # To cast to a zoned timestamp takes ten times as long as to one without, and is for offsets
    # only; DuckDB reads no zone after a time without seconds.
    plain = r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?(Z| UTC)?)?"
    any_zone = (
        r"[\s\pZ]*\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?"
        r"( ?Z| ?UTC| ?[+-]([01]\d|2[0-3])(:?[0-5]\d)?)?[\s\pZ]*"
    )
    zoned = f"regexp_replace({trimmed(text)}, ' ?(UTC|Z)$', 'Z')"
    zoned = f"replace(replace({zoned}, ' +', '+'), ' -', '-')"
    zoned = rf"regexp_replace({zoned}, '^(.{{13}}:\d\d)(Z|[+-].*)$', '\1:00\2')"
    return f"""
        case
            when {_matches(text, plain)} then epoch_us(try_cast({text} as timestamp))
            when {_matches(text, any_zone)} then epoch_us(try_cast({zoned} as timestamptz))
        end"""


INSTANT_US = Value(
    rule="A date and a time of day, with 0 to 9 digits of a second, of which 6 count; Z, UTC or an "
    "offset, without which it is UTC. In microseconds since 1970.",
    sql=_instant_us,
    examples={
        "2026-03-01 09:00:00.388884 UTC": 1772355600388884,
        "2026-03-01T09:00Z": 1772355600000000,
        " 2026-03-01 14:30:00.5 +05:30 ": 1772355600500000,
        "2026-03-01 01:00:00-0800": 1772355600000000,
        "2026-03-01 09:00:00.123456789Z": 1772355600123456,
        "2026-03-01": None,
        "2026-02-29 09:00:00Z": None,
        "1772355600": None,
    },
)


def _time_of_day_us(text: str) -> str:
    minute, seconds = "[0-5]\\d", "(:[0-5]\\d(\\.\\d{1,9})?)?"
    whole = trimmed(text)
    digits = f"regexp_replace({whole}, '[^0-9:.].*$', '')"
    us = f"""
        cast(split_part({digits}, ':', 2) || '0' as bigint) * 6000000
        + cast(
            trunc(cast('0' || split_part({digits}, ':', 3) as decimal(12, 9)) * 1000000) as bigint
        )"""
    midnight = "24:00(:00(\\.0{1,9})?)?"
    of_24_hours = f"([01]?\\d|2[0-3]):{minute}{seconds}|{midnight}"
    of_12_hours = f"(?i)(0?[1-9]|1[0-2])(:{minute}{seconds})?[\\s\\pZ]*[ap](\\.?[\\s\\pZ]*m)?\\.?"
    return f"""
        case
            when {_matches(whole, of_24_hours)}
                then cast(split_part({digits}, ':', 1) as bigint) * 3600000000 + {us}
            when {_matches(whole, of_12_hours)}
                then (
                    cast(split_part({digits}, ':', 1) as bigint) % 12
                    + case when contains(lower({whole}), 'p') then 12 else 0 end
                ) * 3600000000 + {us}
        end"""


TIME_OF_DAY_US = Value(
    rule="Hours and minutes, perhaps seconds, up to 24:00; or of twelve hours with AM or PM, "
    "where 12:00 AM is midnight. In microseconds since midnight.",
    sql=_time_of_day_us,
    examples={
        "09:00": 32400000000,
        "9:00:30.5": 32430500000,
        "23:59:59.123456789": 86399123456,
        " 24:00 ": 86400000000,
        "9:05 AM": 32700000000,
        "9:00pm": 75600000000,
        "9 a.m.": 32400000000,
        "9:00p": 75600000000,
        "12:00 AM": 0,
        "12:30 PM": 45000000000,
        "24:01": None,
        "13:00 PM": None,
        "9": None,
        "closed": None,
    },
)


def _local_day(text: str) -> str:
    midnight = r"[T ]00:00(:00(\.0+)?)?[\s\pZ]?(Z|UTC|[+-]\d\d(:?\d\d)?)?"
    date = rf"\d{{4}}-\d\d-\d\d({midnight})?"
    whole = trimmed(text)
    return f"""
        case
            when {_matches(whole, date)}
                then date_diff('day', date '1970-01-01', try_cast(left({whole}, 10) as date))
        end"""


LOCAL_DAY = Value(
    rule="A date as 2026-12-24, perhaps with midnight behind it, in whatever zone. "
    "In days since 1970-01-01.",
    sql=_local_day,
    examples={
        "2026-11-26": 20783,
        "2026-11-26T00:00:00Z": 20783,
        "2026-11-26 00:00:00.000+02:00": 20783,
        "2026-11-26 10:00:00": None,
        "2026-02-29": None,
        "1.3.2026": None,
    },
)


def _day_of_week(text: str) -> str:
    names = (
        r"mon(day)?|tue(s|sday)?|wed(s|nesday)?|thu(r|rs|rsday)?|fri(day)?|sat(urday)?|sun(day)?"
    )
    whole = f"lower({trimmed(text)})"
    name = rf"({names}|mo|tu|we|th|fr|sa|su)\.?"
    return f"""
        case
            when {_matches(whole, name)}
                then list_position(
                    ['mo', 'tu', 'we', 'th', 'fr', 'sa', 'su'], left({whole}, 2)
                ) - 1
        end"""


DAY_OF_WEEK = Value(
    rule="An English name of a day, or a short form of one. Monday is 0.",
    sql=_day_of_week,
    examples={"Monday": 0, "TUES": 1, " thurs. ": 3, "Sun": 6, "Mo": 0, "Montag": None, "0": None},
)


def _day_number(text: str) -> str:
    # Tools that know no missing integers write days as 0.0.
    whole, digit = trimmed(text), r"[0-7](\.0+)?"
    return f"""
        case when {_matches(whole, digit)} then cast(left({whole}, 1) as integer) end"""


DAY_NUMBER = Value(
    rule="A digit from 0 to 7, perhaps with zeros behind a point; what 1 means is for staging.",
    sql=_day_number,
    examples={"0": 0, " 3.0 ": 3, "7": 7, "8": None, "0.5": None, "Mon": None},
)


def _yes_or_no(text: str) -> str:
    return f"""
        case
            when lower({trimmed(text)}) in ('true', 't', 'yes', 'y', '1', '1.0', 'closed') then true
            when lower({trimmed(text)}) in ('false', 'f', 'no', 'n', '0', '0.0', 'open') then false
        end"""


IS_CLOSED = Value(
    rule="Yes, true, 1 or closed, and their opposites; 1.0 is what pandas writes for 1.",
    sql=_yes_or_no,
    examples={"1.0": True, "Yes ": True, "closed": True, "0": False, "F": False, "x": None},
)


def is_plain_id(text: str, names: Iterable[str]) -> str:
    """Say of nearly all ids, quickly, that they are to be taken as they stand.

    What is as long as one of the names of columns may be a header that is repeated.
    """
    # A number that is written as it was is one; to ask so takes a fifth of a pattern's time.
    lengths = ", ".join(map(str, sorted({len(name) for name in names})))
    other = f"{_matches(text, '[0-9A-Za-z_-]+')} and strlen({text}) not in ({lengths})"
    return f"""
        case
            when cast(try_cast({text} as bigint) as varchar) = {text} then true
            else coalesce({other}, false)
        end"""


# What a spreadsheet (1.48E+18), Python (1.48e+18) or Java (1.48E18) makes of a large number.
# Where a comma is the decimal point, it is 1,48E+18.
_ROUNDED = r"[+-]?\d([.,]\d+)?[eE]\+\d+|[+-]?\d[.,]\d+[eE]\d+"
# Those of C0 and C1, and signs that have no width or turn the direction of writing.
_CONTROL = (
    r"[\x00-\x08\x0B\x0C\x0E-\x1F\x7F-\x{9F}"
    r"\x{AD}\x{200B}\x{200E}\x{200F}\x{202A}-\x{202E}\x{2060}-\x{2064}\x{2066}-\x{2069}\x{FEFF}]"
)
_WHOLE = r"[+-]?\d+\.0+"


def _store_id(text: str) -> str:
    whole = trimmed_or_null(text)
    return f"""
        case when {_matches(whole, _WHOLE)} then regexp_replace({whole}, '\\.0+$', '')
        else {whole} end"""


STORE_ID = Value(
    rule="Text without the blanks around it; of a whole number with zeros behind a point "
    "what stands before the point.",
    sql=_store_id,
    examples={
        " 007 ": "007",
        "257000000000000.0": "257000000000000",
        "12.00": "12",
        "1.5": "1.5",
        "two\nlines": "two\nlines",
        "  ": None,
    },
)


def _why_no_id(text: str) -> str:
    whole = trimmed(text)
    number = f"try_cast(regexp_replace({whole}, '\\.0+$', '') as decimal(38, 0))"
    return f"""
        case
            when regexp_matches({text}, '{_CONTROL}') then 'control_characters'
            when {_matches(whole, _ROUNDED)} then 'rounded_id'
            when {_matches(whole, _WHOLE)} and coalesce(abs({number}) >= {EXACT_IN_DOUBLE}, true)
                then 'rounded_id'
        end"""


WHY_NO_ID = Value(
    rule="Why a text is the id of no store: it holds control characters, or a tool has rounded "
    "it (to powers of ten, or as floating point does from 2^53 on).",
    sql=_why_no_id,
    examples={
        "A\0": "control_characters",
        "\u200bA": "control_characters",
        "1.48E+18": "rounded_id",
        "1e+18": "rounded_id",
        "1.48E18": "rounded_id",
        "1,48E+18": "rounded_id",
        "1480000000000000000.0": "rounded_id",
        "9007199254740991.0": None,
        "1480000000000000001": None,
        "1e5": None,
        "A 1": None,
    },
)

ALL = {
    "status": STATUS,
    "instant": INSTANT_US,
    "time of day": TIME_OF_DAY_US,
    "date": LOCAL_DAY,
    "day of the week": DAY_OF_WEEK,
    "number of a day": DAY_NUMBER,
    "closed": IS_CLOSED,
    "store": STORE_ID,
    "no store": WHY_NO_ID,
}
