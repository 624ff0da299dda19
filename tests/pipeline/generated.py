"""Inputs made to hurt: eighty stores, each with its own trouble, around a change of the clocks.

A scenario is a week, and what is odd about its end. The same scenario gives the same files.

Run: `python -m tests.pipeline.generated scenario folder`
"""

import csv
import random
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta, timezone
from pathlib import Path
from typing import Any, NamedTuple

from tests.pipeline.reference import (
    DAY,
    EPOCH,
    HOUR,
    MINUTE,
    SECOND,
    WEEK,
    instant,
    local_clock,
    shown_clock,
)

STORES = 80

ZONES = (
    "America/New_York",
    "America/Chicago",
    "America/Havana",
    "America/St_Johns",
    "America/Santiago",
    "America/Asuncion",
    "America/Scoresbysund",
    "Europe/London",
    "Africa/Casablanca",
    "Africa/Cairo",
    "Asia/Beirut",
    "Asia/Tehran",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Eucla",
    "Australia/Lord_Howe",
    "Pacific/Norfolk",
    "Pacific/Chatham",
    "Pacific/Apia",
    "Pacific/Kiritimati",
    "Antarctica/Troll",
    "US/Eastern",
    "UTC",
    "Etc/GMT+12",
)

UNKNOWN_ZONES = (
    "America/New York",
    "america/chicago",
    "Asia/Beijing",
    "Mars/Olympus_Mons",
    "UTC+3",
    "localtime",
    "-06:00",
    "",
    "  ",
)

IDS = (
    "7",
    "07",
    "0000000000000000007",
    "1234567890123456788",
    "1234567890123456789",
    "5b2ff5a6-8a0e-4f0b-9d5c-3c1f6f1f7a10",
    "5B2FF5A6-8A0E-4F0B-9D5C-3C1F6F1F7A10",
    "O'Brien's \"Main Street\"",
    '"quoted"',
    "'",
    "Zürich, Bahnhofstraße",
    "Zu\u0308rich, Bahnhofstraße",
    "渋谷店",
    "🍕 no. 1",
    "two  blanks",
    "two blanks",
    "a,b;c|d",
    "back\\slash",
    "#1",
    "NULL",
    "nan",
    "-1",
    "1e3",
    "1000",
    "1.5",
    "true",
    "2026-01-01",
    "{{ store }}",
    "%s",
    "x" * 200,
)


class Inputs(NamedTuple):
    """Rows of text in the order of the files; see `reference.report`.

    Of the optional inputs, `attributes` are `(store_id, brand, region)`.
    """

    polls: list[tuple[str, ...]]
    hours: list[tuple[str, ...]]
    zones: list[tuple[str, ...]]
    special_hours: Sequence[tuple[str, ...]] = ()
    exclusions: Sequence[tuple[str, ...]] = ()
    attributes: Sequence[tuple[str, ...]] = ()
    targets: Sequence[tuple[str, ...]] = ()


@dataclass(frozen=True)
class Scenario:
    """A week and its policies.

    `newest` is the newest valid poll; `policies` are dbt variables; `changes` are those of `ZONES`
    whose clock jumps in the 168 hours before `as_of`. The plain week has the three inputs only.
    """

    name: str
    newest: str
    changes: tuple[str, ...] = ()
    policies: dict[str, Any] = field(default_factory=dict)

    @property
    def as_of(self) -> int:
        return instant(self.policies.get("as_of", self.newest))

    @property
    def has_optional_inputs(self) -> bool:
        return self.name != "plain week"


SCENARIOS = (
    Scenario("plain week", "2026-07-15 18:13:22.47922 UTC"),
    # Chicago changes in the last hour.
    Scenario(
        "northern spring",
        "2026-03-08 08:24:51.388884 UTC",
        (
            "America/Chicago",
            "America/Havana",
            "America/New_York",
            "America/St_Johns",
            "US/Eastern",
        ),
    ),
    # Chicago changes in the last hour, Cairo at midnight.
    Scenario(
        "northern autumn",
        "2025-11-02 07:30:00.000001 UTC",
        (
            "Africa/Cairo",
            "America/Chicago",
            "America/Havana",
            "America/New_York",
            "America/St_Johns",
            "US/Eastern",
        ),
    ),
    # Lord Howe Island changes by half an hour, Asuncion at midnight and in the last hour.
    Scenario(
        "southern spring",
        "2024-10-06 04:29:59.999999 UTC",
        ("America/Asuncion", "Australia/Lord_Howe", "Pacific/Norfolk"),
    ),
    # Asuncion changes at the instant at which the week begins, Santiago when it ends.
    Scenario(
        "southern autumn",
        "2021-04-04 03:00:00 UTC",
        (
            "America/Asuncion",
            "America/Santiago",
            "Australia/Lord_Howe",
            "Pacific/Apia",
            "Pacific/Chatham",
            "Pacific/Norfolk",
        ),
    ),
    # Apia and Chatham change in the last hour.
    Scenario(
        "every policy",
        "2020-09-26 20:00:00.25 UTC",
        ("Asia/Tehran", "Pacific/Apia", "Pacific/Chatham"),
        {
            "as_of": "2020-09-26T14:31:17.654321Z",
            "default_timezone": "Asia/Kathmandu",
            "closes_at_midnight_from": "24:00:00",
            "status_before_first_poll": "inactive",
            "status_when_never_polled": "active",
            "max_poll_gap": 2,
            "exclusions": "count_up",
        },
    ),
    # London and, by two hours, Troll change in the last hour; Casablanca ends its Ramadan.
    Scenario(
        "short poll gap",
        "2026-03-29 09:00:00 UTC",
        (
            "Africa/Casablanca",
            "America/Scoresbysund",
            "Antarctica/Troll",
            "Asia/Beirut",
            "Europe/London",
        ),
        {"as_of": "2026-03-29 01:40:00.000001", "max_poll_gap": 1.5},
    ),
)


def inputs(scenario: Scenario) -> Inputs:
    """Return the rows of the three files."""
    rng = random.Random(scenario.name)
    as_of, newest = scenario.as_of, instant(scenario.newest)
    ids = [*IDS, *(f"{rng.randrange(10**18, 10**19)}" for _ in range(STORES - len(IDS)))]
    rng.shuffle(ids)
    zones, hours_kinds, poll_kinds = (
        _spread(rng, kinds, len(ids)) for kinds in (ZONES, HOURS_KINDS, POLL_KINDS)
    )

    polls: list[tuple[str, ...]] = [("the newest of all", "active", scenario.newest)]
    hours: list[tuple[str, ...]] = []
    # A store's last row counts, so these rows are mixed without changing their order in a store.
    placed_zones: list[tuple[float, tuple[str, ...]]] = []
    for number, store_id in enumerate(ids):
        zone = zones[number]
        for at, status in poll_kinds[number](rng, as_of, newest):
            polls.extend(_poll_rows(rng, store_id, at, status))
        for day, opens, closes in hours_kinds[number](rng, zone, as_of):
            row = (_blanks(rng, store_id), _blanks(rng, day), opens, closes)
            hours.extend([row] * rng.choice((1, 1, 1, 1, 2)))
        zones_of_store = _zone(rng, zone)
        places = sorted(rng.random() for _ in zones_of_store)
        placed_zones.extend(
            (place, (_blanks(rng, store_id), _blanks(rng, each)))
            for place, each in zip(places, zones_of_store, strict=True)
        )

    polls.extend(_rejected_polls(rng, ids, as_of))
    hours.extend(_rejected_hours(rng, ids))
    placed_zones.extend((rng.random(), row) for row in _rejected_zones(rng, ids))
    rng.shuffle(polls)
    rng.shuffle(hours)
    three = Inputs(polls, hours, [row for _, row in sorted(placed_zones)])
    return with_optional_inputs(three, scenario, ids) if scenario.has_optional_inputs else three


def write(inputs: Inputs, folder: Path, spelling: str) -> None:
    """Write the files, in one of many ways of writing CSV; which one depends on `spelling`."""
    rng = random.Random(spelling)
    day = rng.choice(("day", "dayOfWeek"))
    style = {
        "quoting": rng.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL)),
        "lineterminator": rng.choice(("\n", "\r\n")),
    }
    folder.mkdir(parents=True, exist_ok=True)
    local = ("start_time_local", "end_time_local")
    limits = ("valid_from", "valid_to") if inputs.hours and len(inputs.hours[0]) == 6 else ()
    for name, header, rows in (
        ("store_status", ("store_id", "status", "timestamp_utc"), inputs.polls),
        ("business_hours", ("store_id", day, *local, *limits), inputs.hours),
        ("timezones", ("store_id", "timezone_str"), inputs.zones),
        ("special_hours", ("store_id", "date", *local, "closed"), inputs.special_hours),
        ("exclusions", ("store_id", "from", "to"), inputs.exclusions),
        ("stores", ("store_id", "brand", "region"), inputs.attributes),
        ("uptime_targets", ("attribute", "value", "ratio", "period"), inputs.targets),
    ):
        if not rows and name not in ("store_status", "business_hours", "timezones"):
            continue
        with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, **style).writerows([header, *rows])


# Polls

Polls = list[tuple[int, str]]
PollKind = Callable[[random.Random, int, int], Polls]


def _walk(
    rng: random.Random, start: int, end: int, step: tuple[int, int], flips: float = 0.1
) -> Polls:
    """Poll from start to end with steps at random, flipping the status now and then."""
    polls, status, at = [], rng.random() < 0.8, start + rng.randrange(step[1])
    while at <= end:
        polls.append((_shortened(rng, at), "active" if status else "inactive"))
        status ^= rng.random() < flips
        at += rng.randrange(*step)
    return polls


def _hourly(rng: random.Random, as_of: int, newest: int) -> Polls:
    start = as_of - rng.randrange(8, 15) * DAY
    return _walk(rng, start, newest, (40 * MINUTE, 75 * MINUTE))


def _hourly_with_holes(rng: random.Random, as_of: int, newest: int) -> Polls:
    holes = [as_of - rng.randrange(9 * DAY) for _ in range(4)]
    return [
        (at, status)
        for at, status in _hourly(rng, as_of, newest)
        if not any(hole <= at < hole + 9 * HOUR for hole in holes)
    ]


def _hourly_by_day(rng: random.Random, as_of: int, newest: int) -> Polls:
    """Not polled in the ten hours before a time of day, which may be now."""
    rest = as_of + rng.choice((0, 0, HOUR, rng.randrange(DAY)))
    return [
        (at, status) for at, status in _hourly(rng, as_of, newest) if (rest - at) % DAY > 10 * HOUR
    ]


def _never(rng: random.Random, as_of: int, newest: int) -> Polls:
    return []


def _once_lately(rng: random.Random, as_of: int, newest: int) -> Polls:
    return [(as_of - rng.randrange(6 * DAY), rng.choice(("active", "inactive")))]


def _once_long_ago(rng: random.Random, as_of: int, newest: int) -> Polls:
    return [(as_of - rng.randrange(8 * DAY, 40 * DAY), rng.choice(("active", "inactive")))]


def _only_long_ago(rng: random.Random, as_of: int, newest: int) -> Polls:
    return _walk(rng, as_of - 30 * DAY, as_of - 9 * DAY, (6 * HOUR, 40 * HOUR))


def _first_in_the_week(rng: random.Random, as_of: int, newest: int) -> Polls:
    start = as_of - rng.randrange(HOUR, 6 * DAY)
    return _walk(rng, start, newest, (40 * MINUTE, 75 * MINUTE))


def _last_in_the_week(rng: random.Random, as_of: int, newest: int) -> Polls:
    end = as_of - rng.randrange(HOUR, 6 * DAY)
    return _walk(rng, as_of - 12 * DAY, end, (40 * MINUTE, 75 * MINUTE), flips=0.3)


def _sparse(rng: random.Random, as_of: int, newest: int) -> Polls:
    return _walk(rng, as_of - 20 * DAY, newest, (5 * HOUR, 40 * HOUR), flips=0.4)


def _dense(rng: random.Random, as_of: int, newest: int) -> Polls:
    return [
        poll
        for back in (0, DAY, WEEK)
        for poll in _walk(
            rng,
            as_of - back - 2 * HOUR,
            min(as_of - back + HOUR, newest),
            (SECOND, 4 * MINUTE),
            flips=0.3,
        )
    ]


def _at_the_edges(rng: random.Random, as_of: int, newest: int) -> Polls:
    """At, and a microsecond beside, the edges of the periods."""
    edges = [as_of - back for back in (0, HOUR, DAY, WEEK, 2 * WEEK)]
    beside = [edge + by for edge in edges for by in (-1, 0, 1) if rng.random() < 0.6]
    return [(at, rng.choice(("active", "inactive"))) for at in beside if at <= newest]


def _even_gaps(rng: random.Random, as_of: int, newest: int) -> Polls:
    """Gaps of 1 h, 1.5 h and 2 h, or a microsecond beside."""
    polls, at = [], as_of - 9 * DAY
    while at <= newest:
        polls.append((at, rng.choice(("active", "active", "inactive"))))
        at += rng.choice((HOUR, 3 * HOUR // 2, 2 * HOUR)) + rng.choice((-1, 0, 1))
    return polls


def _first_in_the_last_hour(rng: random.Random, as_of: int, newest: int) -> Polls:
    """First polled at the start of the last hour, or beside it."""
    return [
        (at, rng.choice(("active", "inactive")))
        for at in (as_of - HOUR + rng.choice((-1, 0, 1)), as_of - MINUTE)
    ]


POLL_KINDS: tuple[PollKind, ...] = (
    *[_hourly] * 6,
    *[_hourly_with_holes] * 3,
    *[_hourly_by_day] * 3,
    *[_even_gaps] * 2,
    *[_at_the_edges] * 2,
    *[_never] * 2,
    _once_lately,
    _once_long_ago,
    _only_long_ago,
    _first_in_the_week,
    _first_in_the_last_hour,
    _last_in_the_week,
    _sparse,
    _dense,
)


def _poll_rows(rng: random.Random, store_id: str, at: int, status: str) -> list[tuple[str, ...]]:
    """Write the poll: mostly once, sometimes twice, sometimes with its contradiction."""
    chance, other = rng.random(), {"active": "inactive", "inactive": "active"}[status]
    statuses = [status]
    if chance < 0.03:
        statuses = [status, status]
    elif chance < 0.05:
        statuses = [status, other]
    elif chance < 0.055:
        statuses = [status, other, status, other]
    return [
        (_blanks(rng, store_id), _blanks(rng, _cased(rng, each)), _blanks(rng, _stamp(rng, at)))
        for each in statuses
    ]


def _rejected_polls(rng: random.Random, ids: list[str], as_of: int) -> list[tuple[str, ...]]:
    """Return rows to set aside, some of stores that occur nowhere else."""

    def good() -> str:
        return _stamp(rng, as_of - rng.randrange(2 * WEEK))

    future, early = "2036-01-02 03:04:05.6 UTC", "2014-12-31 23:59:59.999999 UTC"
    rows = [("", "active", good()), ("  ", "nonsense", "soon"), ("", "", "")]
    rows += [
        (_either(rng, ids, "bad status"), status, stamp)
        for status in ("paused", "", " ", "actve", "in active", "1", "true", "NULL", "active.")
        for stamp in (good(), "soon", future)
    ]
    rows += [
        (_either(rng, ids, "bad timestamp"), rng.choice(("active", "inactive")), stamp)
        for stamp in (
            "",
            "soon",
            "infinity",
            "epoch",
            "NULL",
            "2026-02-30 15:00:00 UTC",
            "2023-02-29 15:00:00 UTC",
            "2026-13-01T00:00:00Z",
            "2026-03-01 25:00:00 UTC",
            "2026-03-01 12:61:00 UTC",
            "2026-03-01 12:00:99 UTC",
            "3/11/2026 15:00",
            "11.03.2026 15:00:00",
            "1773228000",
            "20260311",
            "12:00:00",
        )
    ]
    rows += [
        (_either(rng, ids, "future"), rng.choice(("active", "inactive")), stamp)
        for stamp in (future, "2036-03-12T18:13:22.47922Z", "2037-12-31 23:00:00+05:30")
    ]
    rows += [
        (_either(rng, ids, "before the rules"), rng.choice(("active", "inactive")), stamp)
        for stamp in (early, "1970-01-01 00:00:00 UTC", "2015-01-01T00:00:00+05:30")
    ]
    return rows


def _stamp(rng: random.Random, at: int) -> str:
    """Write the instant in one of the notations of the contract."""
    ahead = rng.choice((0, 330, 345, 765, -210, -480))
    zoned = EPOCH + timedelta(microseconds=at)
    sign, (hours, minutes) = "-" if ahead < 0 else "+", divmod(abs(ahead), 60)
    offset = rng.choice((f"{sign}{hours:02}:{minutes:02}", f"{sign}{hours:02}{minutes:02}"))
    between, zone, ahead = rng.choice(
        (
            *[(" ", " UTC", 0)] * 6,
            ("T", "Z", 0),
            ("T", "+00:00", 0),
            (" ", "+00", 0),
            ("T", offset, ahead),
            (" ", offset, ahead),
            (" ", "", 0),
            ("T", "", 0),
        )
    )
    shown = zoned.astimezone(timezone(timedelta(minutes=ahead)))
    # A trailing zero is dropped, or is not.
    fraction = f"{shown.microsecond:06}".rstrip("0")
    fraction = fraction.ljust(rng.choice((0, 0, 0, 3, 6)), "0")
    return f"{shown:%Y-%m-%d}{between}{shown:%H:%M:%S}{'.' * bool(fraction)}{fraction}{zone}"


def _shortened(rng: random.Random, at: int) -> int:
    """Leave 0 to 6 digits of the fraction."""
    return at - at % 10 ** (6 - rng.choice((0, 1, 2, 3, 6, 6)))


# Hours

Window = tuple[str, str, str]
HoursKind = Callable[[random.Random, str, int], list[Window]]

WEEKDAYS = "0123456"


def _daily(rng: random.Random, *spans: str) -> list[Window]:
    """Return the spans `opens-closes` on every day."""
    return [
        (day, *(_time(rng, text) for text in span.split("-"))) for day in WEEKDAYS for span in spans
    ]


def _window(rng: random.Random, at: int, seconds: int) -> Window:
    """Return the window that begins so many seconds after Monday 00:00, for up to 24 h."""
    day, opens = divmod(at % (7 * 86_400), 86_400)
    closes = (opens + seconds) % 86_400
    return (str(day), _time(rng, _clock(opens)), _time(rng, _clock(closes)))


def _no_hours(rng: random.Random, zone: str, as_of: int) -> list[Window]:
    return []


def _ordinary(rng: random.Random, zone: str, as_of: int) -> list[Window]:
    return _daily(rng, f"{rng.randrange(5, 12):02}:30:00-{rng.randrange(14, 23):02}:00:00")


def _overnight(rng: random.Random, zone: str, as_of: int) -> list[Window]:
    return _daily(rng, f"{rng.randrange(17, 24):02}:00:00-0{rng.randrange(1, 7)}:15:00")


def _overnight_on_sunday(rng: random.Random, zone: str, as_of: int) -> list[Window]:
    return [("6", "20:00:00", "05:00:00"), ("3", "10:00:00", "12:00:00")]


def _all_day(rng: random.Random, zone: str, as_of: int) -> list[Window]:
    """Equal times, on some of the days."""
    text = rng.choice(("00:00:00", "09:00:00", "02:30:00", "23:59:30"))
    return [window for window in _daily(rng, f"{text}-{text}") if rng.random() < 0.6]


def _all_week(rng: random.Random, zone: str, as_of: int) -> list[Window]:
    return _daily(rng, rng.choice(("00:00:00-00:00:00", "00:00:00-24:00:00", "0:00-23:59")))


def _seam(rng: random.Random, zone: str, as_of: int) -> list[Window]:
    """Overnight in two rows, which meet at midnight or leave a hole."""
    until = rng.choice(
        ("23:59:00", "23:59:59", "23:59:59.999999", "23:58:59", "23:58:59.999999", "24:00", "00:00")
    )
    return _daily(rng, f"18:00:00-{until}", "00:00:00-02:30:00")


def _in_the_last_minute(rng: random.Random, zone: str, as_of: int) -> list[Window]:
    """Hours whose edges are both in the last minute of the day, in any order."""
    span = rng.choice(("23:59:30-23:59:30", "23:59:30-23:59:00", "23:59:00-23:59:00"))
    return _daily(rng, span, "6:00-7:00")


def _overlapping(rng: random.Random, zone: str, as_of: int) -> list[Window]:
    """Windows one in another, some that begin or end together, one into the next day."""
    spans = ("08:00:00-14:00:00", "08:00:00-10:00:00", "13:00:00-13:30:00", "12:00:00-18:00:00")
    return _daily(rng, *spans, "16:00:00-18:00:00", "17:59:59-03:00:00")


def _touching(rng: random.Random, zone: str, as_of: int) -> list[Window]:
    return _daily(rng, "06:00:00-11:00:00", "11:00:00-15:00:00", "15:00:01-20:00:00")


def _minutes(rng: random.Random, zone: str, as_of: int) -> list[Window]:
    """Windows of a minute and of a second."""
    return [
        _window(rng, rng.randrange(7 * 86_400), length)
        for length in (60, 60, 60, 1, 1)
        for _ in range(3)
    ]


def _fractions(rng: random.Random, zone: str, as_of: int) -> list[Window]:
    return _daily(rng, "09:00:00.25-12:00:00.5", "12:00:00.500001-21:00:00.000001")


def _some_weekdays(rng: random.Random, zone: str, as_of: int) -> list[Window]:
    closed = rng.sample(WEEKDAYS, rng.randrange(1, 6))
    return [window for window in _daily(rng, "09:00:00-21:45:00") if window[0] not in closed]


def _anything(rng: random.Random, zone: str, as_of: int) -> list[Window]:
    return [
        _window(rng, rng.randrange(7 * 86_400), rng.randrange(1, 86_401))
        for _ in range(rng.randrange(1, 12))
    ]


def _only_rejected(rng: random.Random, zone: str, as_of: int) -> list[Window]:
    return [("7", "09:00:00", "17:00:00"), ("0", "nine", "17:00:00")]


def _around_the_change(rng: random.Random, zone: str, as_of: int) -> list[Window]:
    """Hours with edges at, beside and inside the times that the clock skips or repeats."""
    low, high = _change(rng, zone, as_of)
    edges = {
        *(low + by for by in (-86_400, -7200, -60, -1, 0, 1, 60)),
        *(high + by for by in (-60, -1, 0, 1, 60, 7200)),
        (low + high) // 2,
        low + (high - low) // 4,
    }
    windows = []
    for _ in range(rng.choice((1, 1, 2, 3))):
        opens, closes = sorted(rng.sample(sorted(edges), 2))
        windows.append(_window(rng, opens, min(closes - opens, 86_400)))
    change_day = str(low // 86_400 % 7)
    others = [window for window in _daily(rng, "11:00:00-19:00:00") if window[0] != change_day]
    return windows + rng.choice(([], others))


HOURS_KINDS: tuple[HoursKind, ...] = (
    *[_around_the_change] * 9,
    *[_seam] * 3,
    *[_overlapping] * 2,
    *[_no_hours] * 2,
    *[_anything] * 2,
    _ordinary,
    _overnight,
    _overnight_on_sunday,
    _all_day,
    _all_week,
    _in_the_last_minute,
    _touching,
    _minutes,
    _fractions,
    _some_weekdays,
    _only_rejected,
)


def _change(rng: random.Random, zone: str, as_of: int) -> tuple[int, int]:
    """Return from when until when the clock skips or repeats, in seconds since Monday 00:00.

    The change is one of the week before `as_of`; a zone without any gets a time at random.
    """
    step = 30 * MINUTE
    for at in range((as_of - WEEK) // step * step, as_of + 1, step):
        before, after = local_clock(zone, at - 1) + 1, local_clock(zone, at)
        if before % WEEK != after:
            low, high = sorted((before, after))
            return low // SECOND, high // SECOND
    low = rng.randrange(7 * 24 * 2) * 1800
    return low, low + 3600


def _rejected_hours(rng: random.Random, ids: list[str]) -> list[tuple[str, ...]]:
    """Return rows to set aside, some of stores that occur nowhere else."""
    rows = [("", "0", "09:00:00", "17:00:00"), (" ", "Mon", "nine", ""), ("", "", "", "")]
    rows += [
        (_either(rng, ids, "bad day"), day, opens, "17:00:00")
        for day in ("7", "-1", "", "Funday", "3.", "7.0", "1.5", "NULL", "1e0", "٣", "0 1")
        for opens in ("09:00:00", "nine")
    ]
    rows += [
        (_either(rng, ids, "bad time"), rng.choice(WEEKDAYS), *rng.choice(([bad, ok], [ok, bad])))
        for bad in (
            "noon",
            "",
            "NULL",
            "9",
            "0900",
            "25:00:00",
            "24:00:01",
            "12:60",
            "12:00:60",
            "-1:00:00",
            "09.00.00",
            "13:00 AM",
            "0:30 pm",
            "9 o'clock PM",
        )
        for ok in ("08:00:00", "9:00")
    ]
    rows += [(_either(rng, ids, "bad time"), "2", "24:00:00", "03:00:00")]
    return rows


def _time(rng: random.Random, text: str) -> str:
    """Write a time in another way now and then."""
    if rng.random() < 0.7:
        return text
    if rng.random() < 0.2 and text.count(":") == 2 and text < "24":
        hour, rest = int(text[:2]), text[2:]
        return _blanks(
            rng,
            f"{hour % 12 or 12}{rest} {rng.choice(('am', 'AM') if hour < 12 else ('pm', 'PM'))}",
        )
    if text.startswith("0") and text[1] != ":":
        text = rng.choice((text, text[1:]))
    if text.count(":") == 2 and text.endswith(":00"):
        text = rng.choice((text, text[:-3]))
    if text.count(":") == 2 and "." not in text:
        text = rng.choice((text, f"{text}.0", f"{text}.000000"))
    return _blanks(rng, text)


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


# Zones


def _zone(rng: random.Random, zone: str) -> list[str]:
    """Return the zones of a store's rows, in order: mostly one, and the right one."""
    chance, unknown = rng.random(), rng.choice(UNKNOWN_ZONES)
    if chance < 0.7:
        return [zone]
    return rng.choice(
        (
            [],
            [zone, zone],
            [unknown],
            [unknown, zone],
            [zone, unknown],
            ["Asia/Tokyo", zone],
            ["Asia/Tokyo", zone, "Europe/Berlin", zone],
            ["Asia/Tokyo", "Asia/Tokyo", unknown, zone, zone],
        )
    )


def _rejected_zones(rng: random.Random, ids: list[str]) -> list[tuple[str, ...]]:
    rows = [("", "America/Chicago"), ("  ", "Mars/Olympus_Mons"), ("", "")]
    rows += [(_either(rng, ids, "bad zone"), zone) for zone in UNKNOWN_ZONES]
    rows += [("only in timezones", "Asia/Kolkata")]
    return rows


# Optional inputs

BRANDS = ("Burger", "Pizza, Pasta", "burger", " Sushi ", "", "n/a")


def with_optional_inputs(three: Inputs, scenario: Scenario, ids: list[str]) -> Inputs:
    """Add hours that change, special days, exclusions, attributes and targets.

    The dates are mostly of the last two weeks, and often the one on which the clock of a zone
    changes, or its neighbours.
    """
    rng = random.Random(f"{scenario.name}, optional inputs")
    as_of = scenario.as_of
    dates = [as_of // DAY - rng.randrange(2, 13) for _ in range(2)]
    dates += [as_of // DAY - rng.randrange(9) for _ in range(4)] + [as_of // DAY + 1]
    for zone in scenario.changes:
        for hour in range((as_of - WEEK) // HOUR, as_of // HOUR + 1):
            before, after = (shown_clock(zone, each * HOUR) for each in (hour - 1, hour))
            if after - before != HOUR:
                dates += [after // DAY + by for by in (-2, -1, 0, 1)]
    return three._replace(
        hours=_limited_hours(rng, three.hours, dates),
        special_hours=_special_hours(rng, ids, dates),
        exclusions=_exclusions(rng, ids, as_of),
        attributes=_attributes(rng, ids),
        targets=_targets(rng, ids),
    )


def _limited_hours(
    rng: random.Random, rows: list[tuple[str, ...]], dates: list[int]
) -> list[tuple[str, ...]]:
    """Let the hours of every third store hold from, to or between dates, by row or all alike.

    Some have ceased to hold, others will; some give way to other hours.
    """
    kinds: dict[str, str] = {}
    limited = []
    for row in rows:
        store_id = row[0].strip(" ")
        limits = ("", "")
        if store_id not in kinds:
            kind = rng.choice(("by row", "handover", "expired", "future"))
            kinds[store_id] = kind if rng.random() < 0.35 else ""
            kinds[f"{store_id} since"] = str(rng.choice(dates))
        since = int(kinds[f"{store_id} since"])
        if kinds[store_id] == "by row":
            first, last = sorted(rng.sample(dates, 2))
            limits = rng.choice(
                (
                    ("", ""),
                    (_date(first), ""),
                    ("", _date(last)),
                    (_date(first), _date(last)),
                    (f" {_date(last)} ", _date(last)),
                )
            )
        elif kinds[store_id] == "handover":
            limited.append((*row, "", _date(since - 1)))
            row = (*row[:2], _clock(rng.randrange(86_400)), _clock(rng.randrange(86_400)))
            limits = (_date(since), "")
        elif kinds[store_id] == "expired":
            limits = ("", _date(since - 60 * (since % 2)))
        elif kinds[store_id] == "future":
            limits = (_date(since + 60 * (since % 2)), "")
        limited.append((*row, *limits))
    some = [row[:4] for row in rng.sample(rows, 5)]
    bad = (
        ("soon", ""),
        ("", "2026-02-30"),
        ("2026-03-02", "2026-03-01"),
        ("1.3.2026", ""),
        ("0", " "),
    )
    limited += [(*row, *limits) for row, limits in zip(some, bad, strict=True)]
    return limited


def _special_hours(rng: random.Random, ids: list[str], dates: list[int]) -> list[tuple[str, ...]]:
    """Say of some dates when all stores and every other store are open, now and then twice."""
    spans = (
        ("09:00", "17:00:00", ""),
        ("9:00", "12:30", "no"),
        ("22:00:00", "03:00:00", ""),
        ("12:00", "12:00", "false"),
        ("00:00:00", "00:00:00", ""),
        ("00:00", "24:00:00", "0"),
        ("18:00", "23:59", ""),
        ("18:00", "23:59:59", ""),
        ("23:59:30", "23:59:30", ""),
        ("01:30:00", "02:30:00.5", ""),
        ("02:00", "03:00", ""),
        ("00:15", "01:15", "N"),
        ("", "", ""),
        ("", "", "Yes"),
        ("closed", "", ""),
        ("10:00", "11:00", "TRUE"),
    )
    rows = []
    for store_id in ["*", "*", *rng.sample(ids, len(ids) // 2)]:
        # The last day is left to the stores, so that some are open.
        days = dates[:2] if store_id == "*" else dates
        for day in rng.sample(days, rng.choice((1, 1, 2, 3)) if days is dates else 1):
            for span in rng.sample(spans, rng.choice((1, 1, 1, 2, 3))):
                rows.append((_blanks(rng, store_id), _blanks(rng, _date(day)), *span))
    rng.shuffle(rows)
    return [
        *rows,
        ("", "2026-01-01", "09:00", "10:00", ""),
        (rng.choice(ids), "soon", "09:00", "10:00", ""),
        ("*", "2026-02-30", "", "", "yes"),
        (rng.choice(ids), _date(dates[0]), "09:00", "10:00", "maybe"),
        ("*", _date(dates[0]), "noon", "10:00", ""),
        (rng.choice(ids), _date(dates[0]), "24:00", "10:00", "no"),
        (rng.choice(ids), _date(dates[0]), "09:00", "", ""),
        ("of no input", _date(dates[0]), "", "", ""),
    ]


def _exclusions(rng: random.Random, ids: list[str], as_of: int) -> list[tuple[str, ...]]:
    """Exclude spans of every length, many of which overlap or touch the edges of the periods."""
    rows = []
    some = [*rng.sample(ids, len(ids) // 3), *rng.sample(ids, 6) * 4]
    edges = [as_of - back for back in (0, HOUR, DAY, WEEK)]
    for store_id in ["*", "*", *some]:
        start = rng.choice((*edges, *(as_of - rng.randrange(2 * WEEK) for _ in range(6))))
        start += rng.choice((0, 0, -1, 1, -HOUR, 20 * MINUTE))
        length = rng.choice((1, MINUTE, rng.randrange(4 * HOUR), rng.randrange(3 * DAY)))
        length = min(length, 5 * HOUR) if store_id == "*" else length
        rows.append(
            (_blanks(rng, store_id), _stamp(rng, start), _blanks(rng, _stamp(rng, start + length)))
        )
    good = _stamp(rng, as_of)
    return [
        *rows,
        ("*", _stamp(rng, as_of + HOUR), _stamp(rng, as_of + 2 * DAY)),
        (" ", good, _stamp(rng, as_of + HOUR)),
        (rng.choice(ids), "soon", good),
        (rng.choice(ids), good, ""),
        ("*", good, good),
        (rng.choice(ids), _stamp(rng, as_of + 1), good),
        ("of no input", _stamp(rng, as_of - DAY), good),
    ]


def _attributes(rng: random.Random, ids: list[str]) -> list[tuple[str, ...]]:
    """Give most stores a brand and a region, some of them twice; the last row of each holds."""
    rows = [
        (_blanks(rng, store_id), rng.choice(BRANDS), rng.choice(("North", "South", "  ")))
        for store_id in [*rng.sample(ids, len(ids) - 9), *rng.sample(ids, 5)]
    ]
    return [*rows, ("", "Burger", "North"), ("of no input", "Burger", "North")]


def _targets(rng: random.Random, ids: list[str]) -> list[tuple[str, ...]]:
    """Promise something to groups of every kind, for every calendar period."""
    groups = [("all", ""), ("*", "whatever"), ("brand", "Sushi"), ("Brand", " Burger ")]
    groups += [("region", "North"), ("timezone", "UTC"), ("timezone", "Asia/Kathmandu")]
    groups += [("store", store_id) for store_id in rng.sample(ids, 4)]
    ratios = ("0.9", "99.5%", "1", "100%", " 0.75", "0.3333333333")
    rows = [
        (*group, rng.choice(ratios), period)
        for group in groups
        for period in rng.sample(("day", "week", " Month", "quarter", "YEAR"), 3)
    ]
    rows += [("timezone", zone, "95%", "day") for zone in ("Pacific/Kiritimati", "Etc/GMT+12")]
    return [
        *rows,
        rows[0],
        ("", "Burger", "0.9", "day"),
        ("brand", " ", "0.9", "day"),
        *(("all", "", ratio, "day") for ratio in ("", "0", "101%", "99.5", "-0.5", "high")),
        ("all", "", "0.9", "hour"),
        ("all", "", "0.9", ""),
        ("brand", "Sushi Bar", "0.9", "day"),
        ("colour", "red", "0.9", "day"),
        ("store", "of no input", "0.9", "day"),
    ]


def _date(day: int) -> str:
    return f"{EPOCH.date() + timedelta(days=day)}"


# All


def _spread(rng: random.Random, kinds: tuple, size: int) -> list:
    """Return every kind about equally often, in random order."""
    spread = [kinds[number % len(kinds)] for number in range(size)]
    rng.shuffle(spread)
    return spread


def _either(rng: random.Random, ids: list[str], newcomer: str) -> str:
    """Choose a store with other rows or, now and then, one that is known for this only."""
    return rng.choice(ids) if rng.random() < 0.7 else f"{newcomer} {rng.randrange(3)}"


def _blanks(rng: random.Random, text: str) -> str:
    if rng.random() >= 0.05:
        return text
    return rng.choice((f" {text}", f"{text} ", f"  {text}  ", f"\t{text}\t", f"\u00a0{text} \t"))


def _cased(rng: random.Random, status: str) -> str:
    if rng.random() < 0.9:
        return status
    return rng.choice((status.upper(), status.title(), status.swapcase()))


if __name__ == "__main__":
    by_name = {scenario.name: scenario for scenario in SCENARIOS}
    chosen = by_name[sys.argv[1]]
    write(inputs(chosen), Path(sys.argv[2]), chosen.name)
