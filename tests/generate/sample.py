"""Write the sample inputs in `seeds/`: polls, hours and zones, and the optional inputs.

`STORES` says what is special about each store, and the files follow from it.
About sixty stores of a chain, polled about once an hour for the two weeks up to `AS_OF`; the last
of them contains the start of daylight saving in the United States, on 2026-03-08 at 02:00.
The same table gives the same bytes: chance is seeded with the store's id.

Run: `python tests/generate/sample.py [folder]`
"""

import random
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

SEEDS = Path(__file__).parents[2] / "seeds"

AS_OF = "2026-03-12 18:13:22.47922"
TWO_WEEKS = ("2026-02-26 18:13:22.47922", AS_OF)

# The poller itself was down.
NOBODY_POLLED = ("2026-03-03 02:00:00", "2026-03-03 03:30:00")

LATE_OPENINGS = tuple(
    (f"{day} 13:00:00", f"{day} 15:10:00")
    for day in (date(2026, 2, 27) + timedelta(days=number) for number in range(14))
)

MONDAY, SATURDAY, SUNDAY = "0", "5", "6"

Span = tuple[str, str]
Poll = tuple[str, str]
Hours = tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class Store:
    """What the three files say about one store; instants are in UTC."""

    store_id: str
    special: str
    zone: str | None
    hours: Hours
    # From when until when it is polled every 60 to 70 minutes.
    polled: Span | None = TWO_WEEKS
    not_polled: Span | None = None
    # When a poll finds it inactive; if not given, by chance.
    outages: tuple[Span, ...] | None = None
    # Further polls `(status, timestamp)`, word for word.
    polls: tuple[Poll, ...] = ()
    # How often each of its rows is written.
    copies: int = 1


def _status(at: datetime, outages: Iterable[Span]) -> str:
    return "inactive" if _is_within(at, outages) else "active"


def _is_within(at: datetime, spans: Iterable[Span]) -> bool:
    return any(_instant(begin) <= at < _instant(end) for begin, end in spans)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _timestamp(at: datetime) -> str:
    """Write an instant as the field does: trailing zeros of the fraction dropped."""
    return f"{at:%Y-%m-%d %H:%M:%S.%f}".rstrip("0").rstrip(".") + " UTC"


def on(days: str, *times: str) -> Hours:
    """Return rows `(day, opens, closes)` for each digit of `days` and each `opens-closes`."""
    return tuple((day, *time.split("-")) for day in days for time in times)


def daily(*times: str) -> Hours:
    return on("0123456", *times)


def on_the_hour(
    first: str, last: str, also: Iterable[str], outages: tuple[Span, ...]
) -> tuple[Poll, ...]:
    """Return polls at each full hour from `first` to `last`, and at the instants of `also`."""
    begin, end = _instant(first), _instant(last)
    hours = [begin + timedelta(hours=n) for n in range(int((end - begin) / timedelta(hours=1)) + 1)]
    return tuple(
        (_status(at, outages), _timestamp(at))
        for at in sorted([*hours, *map(_instant, also)])
        if not _is_within(at, [NOBODY_POLLED])
    )


STORES = (
    # Two stores whose figures can be worked out by hand.
    Store(
        "1000000000000000001",
        "README: two outages, one across a closed night; polls on the hour",
        "America/Chicago",
        daily("09:00:00-17:00:00"),
        polled=None,
        polls=on_the_hour(
            "2026-02-26 19:00:00",
            "2026-03-12 18:00:00",
            also=["2026-03-12 17:30:00"],
            outages=(
                # Monday 16:00 to Tuesday 11:00 in Chicago.
                ("2026-03-09 21:00:00", "2026-03-10 16:00:00"),
                # Thursday 12:30 to 13:00 in Chicago.
                ("2026-03-12 17:30:00", "2026-03-12 18:00:00"),
            ),
        ),
    ),
    Store(
        "1000000000000000002",
        "README: open on Monday 09:00-12:00, polled at 10:14 and 11:15",
        "UTC",
        on(MONDAY, "09:00:00-12:00:00"),
        polled=None,
        polls=(
            ("active", "2026-03-09 10:14:00 UTC"),
            ("inactive", "2026-03-09 11:15:00 UTC"),
        ),
    ),
    # Hours.
    Store(
        "1000000000000000003",
        "overnight hours in one row",
        "America/New_York",
        daily("22:00:00-02:00:00"),
    ),
    Store(
        "1000000000000000004",
        "overnight hours in two rows, with a seam of one second at midnight",
        "America/Los_Angeles",
        daily("00:00:00-02:00:00", "18:00:00-23:59:59"),
    ),
    Store(
        "1000000000000000005",
        "overnight hours in two rows, with a seam of one minute at midnight",
        "America/Denver",
        daily("17:30:00-23:59:00", "00:00:00-01:00:00"),
    ),
    Store(
        "1000000000000000006",
        "several windows a day, one of them ten minutes long; fails with four others of its zone",
        "America/New_York",
        daily("00:00:00-00:10:00", "07:00:00-10:30:00", "11:30:00-14:00:00", "17:00:00-21:45:00"),
        polls=(("inactive", "2026-03-03 14:01:12 UTC"),),
    ),
    Store(
        "1000000000000000007",
        "overlapping windows; opens later than they say",
        "America/Chicago",
        daily("08:00:00-14:00:00", "12:00:00-20:00:00"),
        outages=LATE_OPENINGS,
    ),
    Store(
        "1000000000000000008",
        "touching windows, the later one first",
        "America/New_York",
        daily("12:00:00-18:00:00", "08:00:00-12:00:00"),
        polls=(("inactive", "2026-03-03 14:00:48 UTC"),),
    ),
    Store(
        "1000000000000000009",
        "opens inside the hour that the clock skips on 2026-03-08",
        "America/New_York",
        daily("02:30:00-10:00:00"),
        polls=(("inactive", "2026-03-03 14:03:40.5 UTC"),),
    ),
    Store(
        "1000000000000000010",
        "closes inside the hour that the clock skips on 2026-03-08",
        "America/Chicago",
        daily("18:00:00-02:30:00"),
    ),
    Store(
        "1000000000000000011",
        "open 24 hours: closes when it opens",
        "America/Los_Angeles",
        daily("06:00:00-06:00:00"),
    ),
    Store(
        "1000000000000000012",
        "open 24 hours: from midnight to 23:59:00 or 23:59:59",
        "America/New_York",
        on("01234", "00:00:00-23:59:00") + on("56", "00:00:00-23:59:59"),
        polls=(("inactive", "2026-03-03 14:04:05 UTC"),),
    ),
    Store(
        "1000000000000000013",
        "a weekday is missing: closed on Sundays",
        "America/Chicago",
        on("012345", "10:00:00-19:00:00"),
    ),
    # In some of the files only.
    Store("1000000000000000014", "no hours: open 24x7", "America/Phoenix", ()),
    Store("1000000000000000015", "no zone: America/Chicago", None, daily("11:00:00-23:00:00")),
    Store("1000000000000000016", "neither hours nor zone, only polls", None, ()),
    Store(
        "1000000000000000017",
        "never polled",
        "America/New_York",
        daily("11:00:00-21:00:00"),
        polled=None,
    ),
    Store(
        "1000000000000000018",
        "only in business_hours",
        None,
        daily("11:00:00-20:30:00"),
        polled=None,
    ),
    Store("1000000000000000019", "only in timezones", "America/Detroit", (), polled=None),
    # Polls.
    Store(
        "1000000000000000020",
        "every row twice, in all three files",
        "America/New_York",
        daily("10:00:00-22:00:00"),
        copies=2,
    ),
    Store(
        "1000000000000000021",
        "polls that contradict each other at the same instant",
        "America/Chicago",
        daily("08:00:00-20:00:00"),
        polls=(
            ("active", "2026-03-10 15:00:00 UTC"),
            ("inactive", "2026-03-10 15:00:00 UTC"),
            ("inactive", "2026-03-11 16:30:00.5 UTC"),
            ("active", "2026-03-11 16:30:00.5 UTC"),
            ("active", "2026-03-11 20:00:00 UTC"),
            ("inactive", "2026-03-11T15:00:00-05:00"),
        ),
    ),
    Store(
        "1000000000000000022",
        "a single poll",
        "America/Denver",
        daily("09:00:00-21:00:00"),
        polled=None,
        polls=(("inactive", "2026-03-11 15:04:05.678901 UTC"),),
    ),
    Store(
        "1000000000000000023",
        "first polled in the middle of the last week",
        "America/Los_Angeles",
        daily("07:00:00-22:00:00"),
        polled=("2026-03-09 06:00:00", AS_OF),
    ),
    Store(
        "1000000000000000024",
        "last polled days before as_of, inactive then",
        "America/New_York",
        daily("11:00:00-23:00:00"),
        polled=(TWO_WEEKS[0], "2026-03-09 21:30:00"),
        outages=(("2026-03-09 18:00:00", "2026-03-10 00:00:00"),),
    ),
    Store(
        "1000000000000000025",
        "last polled before the last week, active then",
        "America/Chicago",
        daily("06:00:00-19:00:00"),
        polled=(TWO_WEEKS[0], "2026-03-04 12:00:00"),
        outages=(("2026-03-01 15:00:00", "2026-03-01 19:00:00"),),
    ),
    Store(
        "1000000000000000026",
        "not polled for two days",
        "America/New_York",
        daily("11:00:00-21:30:00"),
        not_polled=("2026-03-06 00:00:00", "2026-03-08 00:00:00"),
    ),
    Store(
        "1000000000000000027",
        "status in other case and with blanks around it",
        "America/Chicago",
        daily("08:00:00-22:00:00"),
        polls=(
            ("Active", "2026-03-10 14:05:00.25 UTC"),
            ("INACTIVE", "2026-03-10 15:05:00.25 UTC"),
            (" inactive", "2026-03-10 16:05:00.25 UTC"),
            ("active ", "2026-03-10 17:05:00.25 UTC"),
            (" Inactive ", "2026-03-11 19:05:00.25 UTC"),
        ),
    ),
    Store(
        "1000000000000000028",
        "timestamps in every notation",
        "America/Chicago",
        daily("08:00:00-22:00:00"),
        polls=(
            ("active", "2026-03-10 14:20:39 UTC"),
            ("active", "2026-03-10 14:50:39.06 UTC"),
            ("inactive", "2026-03-10T15:20:39.388884Z"),
            ("inactive", "2026-03-10T10:50:39.388884-05:00"),
            ("active", "2026-03-10T21:50:39+05:30"),
            ("inactive", "2026-03-10 17:20:39.388884"),
            ("active", "2026-03-10T17:50:39.25+00:00"),
        ),
    ),
    Store(
        "1000000000000000029",
        "has the newest poll of all, which sets as_of",
        "America/New_York",
        daily("06:00:00-22:00:00"),
        polls=(("inactive", "2026-03-03 14:02:30.25 UTC"), ("active", f"{AS_OF} UTC")),
    ),
    # Zones.
    Store(
        "1000000000000000030",
        "a zone under an old name",
        "US/Eastern",
        daily("11:00:00-23:00:00"),
    ),
    Store(
        "1000000000000000031",
        "a zone whose clock skips midnight on 2026-03-08",
        "America/Havana",
        daily("00:00:00-01:30:00", "19:00:00-23:59:59"),
    ),
    Store(
        "1000000000000000032",
        "a zone half an hour off, with daylight saving on 2026-03-08",
        "America/St_Johns",
        daily("01:30:00-09:30:00"),
    ),
    Store(
        "1000000000000000033",
        "a zone with half an hour of daylight saving",
        "Australia/Lord_Howe",
        daily("08:00:00-20:00:00"),
    ),
    Store(
        "1000000000000000034",
        "a zone that is an hour behind during Ramadan",
        "Africa/Casablanca",
        daily("19:00:00-03:00:00"),
    ),
    Store("1000000000000000035", "a zone at +05:45", "Asia/Kathmandu", daily("10:00:00-21:00:00")),
    Store("1000000000000000036", "a zone at +05:30", "Asia/Kolkata", daily("09:30:00-22:30:00")),
    Store(
        "1000000000000000037",
        "a zone whose daylight saving starts after the sample",
        "Europe/London",
        daily("10:00:00-22:00:00"),
    ),
    Store("1000000000000000038", "a zone in Asia", "Asia/Beirut", daily("12:00:00-23:00:00")),
    Store(
        "1000000000000000039",
        "a zone that is a day ahead for half of the day",
        "Pacific/Auckland",
        daily("07:00:00-21:00:00"),
    ),
    Store(
        "1000000000000000040",
        "a zone without daylight saving, far behind UTC",
        "Pacific/Honolulu",
        daily("06:00:00-20:00:00"),
    ),
    # Ids.
    Store(
        "0042424242424242424",
        "an id with leading zeros",
        "America/New_York",
        daily("11:00:00-22:00:00"),
    ),
    Store(
        "42424242424242424",
        "the same id without the zeros: another store",
        "America/Los_Angeles",
        daily("06:00:00-14:00:00"),
    ),
    Store(
        "5b2ff5a6-8a0e-4f0b-9d5c-3c1f6f1f7a10",
        "a UUID",
        "America/New_York",
        daily("11:00:00-23:00:00"),
    ),
    Store(
        "c0a80164-1d3b-4e6e-8f57-0e02b2c3d479",
        "a UUID",
        "America/Los_Angeles",
        daily("10:30:00-21:30:00"),
    ),
    # Rows to set aside.
    Store(
        "1000000000000000041",
        "polls to reject: unknown_status, bad_timestamp",
        "America/Chicago",
        daily("09:00:00-21:00:00"),
        polls=(
            ("paused", "2026-03-11 15:00:00 UTC"),
            ("", "2026-03-11 15:10:00 UTC"),
            ("inactive", "2026-02-30 15:00:00 UTC"),
            ("inactive", "3/11/2026 15:00"),
        ),
    ),
    Store(
        "1000000000000000042",
        "polls to reject: future_timestamp, timestamp_before_zone_rules",
        "America/New_York",
        daily("09:00:00-21:00:00"),
        polls=(
            ("inactive", "2036-03-12 18:13:22.47922 UTC"),
            ("inactive", "1970-01-01 00:00:00 UTC"),
        ),
    ),
    Store(
        "1000000000000000043",
        "hours to reject: bad_day",
        "America/Los_Angeles",
        (*on("01234567", "10:00:00-20:00:00"), ("weekdays", "20:00:00", "22:00:00")),
    ),
    Store(
        "1000000000000000044",
        "hours to reject: bad_time; closed on Sundays for want of a row that can be read",
        "America/New_York",
        (
            *on("012345", "08:00:00-17:00:00"),
            (SATURDAY, "noon", "20:00:00"),
            (SUNDAY, "25:00:00", "17:00:00"),
        ),
    ),
    Store(
        "1000000000000000045",
        "zone to reject: unknown_timezone, by a blank",
        "America/New York",
        daily("11:00:00-21:00:00"),
    ),
    Store(
        "1000000000000000046",
        "zone to reject: unknown_timezone, by a city that has none",
        "Asia/Beijing",
        daily("10:00:00-20:00:00"),
    ),
    Store(
        "",
        "rows to reject: missing_store_id, in all three files",
        "America/Chicago",
        on(MONDAY, "09:00:00-17:00:00"),
        polled=None,
        polls=(
            ("active", "2026-03-11 15:00:00.123456 UTC"),
            ("inactive", "2026-03-11 16:00:00.123456 UTC"),
        ),
    ),
)

# Stores with nothing special, by chance; zones and hours about as frequent as in the field.
ORDINARY_STORES = 11
ORDINARY_ZONES = (
    *["America/New_York"] * 5,
    *["America/Los_Angeles"] * 2,
    *["America/Chicago"] * 2,
    "America/Boise",
    "America/Indiana/Indianapolis",
)
ORDINARY_HOURS = (
    daily("11:00:00-23:00:00"),
    daily("11:00:00-21:00:00"),
    daily("06:00:00-22:00:00"),
    on("0123", "10:00:00-21:00:00") + on("45", "10:00:00-23:00:00") + on("6", "11:00:00-20:30:00"),
    daily("00:00:00-01:00:00", "10:00:00-23:59:59"),
)

# The optional inputs, of stores that are shown for nothing else.
SPECIAL_HOURS = (
    ("1000000000000000013", "2026-03-09", "", "", "yes"),
    ("1000000000000000013", "2026-03-10", "12:00:00", "16:00:00", ""),
)
EXCLUSIONS = (
    ("1000000000000000015", "2026-03-11 18:00:00", "2026-03-11 21:30:00", "new tills", "ops"),
)
HOURS_FROM_SPRING = tuple(
    ("1000000000000000037", day, "08:00:00", "10:00:00", "2026-03-09", "") for day in "0123456"
)
UPTIME_TARGETS = (
    ("all", "", "97%", "week"),
    ("brand", "Burger", "0.96", "month"),
    ("region", "Abroad", "0.99", "month"),
)
REGIONS = {
    "America/New_York": "East",
    "US/Eastern": "East",
    "America/Detroit": "East",
    "America/Indiana/Indianapolis": "East",
    "America/Chicago": "Central",
    "America/Denver": "West",
    "America/Boise": "West",
    "America/Phoenix": "West",
    "America/Los_Angeles": "West",
    "Pacific/Honolulu": "West",
}


def seed_files() -> dict[str, str]:
    """Return the text of each file by its name."""
    stores = [*STORES, *_ordinary_stores()]
    hourly = sorted(
        (at, store.store_id, status) for store in stores for at, status in _polls(store)
    )
    return {
        "store_status.csv": _csv(
            "store_id,status,timestamp_utc",
            # Those polls that STORES spells out come last, as if they had been late.
            [(store_id, status, _timestamp(at)) for at, store_id, status in hourly]
            + [(s.store_id, *poll) for s in stores for poll in s.polls for _ in range(s.copies)],
        ),
        "business_hours.csv": _csv(
            "store_id,dayOfWeek,start_time_local,end_time_local",
            [(s.store_id, *row) for s in stores for row in s.hours for _ in range(s.copies)],
        ),
        "timezones.csv": _csv(
            "store_id,timezone_str",
            [(s.store_id, s.zone) for s in stores if s.zone for _ in range(s.copies)],
        ),
        "stores.csv": _csv(
            "store_id,brand,region",
            [
                (s.store_id, *_attributes(number, s))
                for number, s in enumerate(stores)
                if s.store_id and s.zone
            ],
        ),
        "special_hours.csv": _csv("store_id,date,opens,closes,closed", SPECIAL_HOURS),
        "exclusions.csv": _csv("store_id,from,to,reason,author", EXCLUSIONS),
        "business_hours_spring.csv": _csv(
            "store_id,dayOfWeek,start_time_local,end_time_local,valid_from,valid_to",
            HOURS_FROM_SPRING,
        ),
        "uptime_targets.csv": _csv("attribute,value,ratio,period", UPTIME_TARGETS),
    }


def _attributes(number: int, store: Store) -> tuple[str, str]:
    """Return the brand, every third being a pizzeria, and the region."""
    return "Pizza" if number % 3 == 0 else "Burger", REGIONS.get(store.zone or "", "Abroad")


def _polls(store: Store) -> Iterator[tuple[datetime, str]]:
    """Yield the instant and status of the store's about-hourly polls."""
    if store.polled is None:
        return
    # Only random() is promised to give the same numbers in every version of Python.
    chance = random.Random(store.store_id).random
    outages = _outages_by_chance(chance) if store.outages is None else store.outages
    begin, end = map(_instant, store.polled)
    at = begin + timedelta(minutes=65 * chance())
    while at < end:
        if not _is_within(at, [NOBODY_POLLED, *([store.not_polled] if store.not_polled else [])]):
            yield from [(at, _status(at, outages))] * store.copies
        at += timedelta(minutes=60 + 10 * chance())


def _outages_by_chance(chance: Callable[[], float]) -> tuple[Span, ...]:
    """Return outages of half an hour to nine hours, a few days apart."""
    outages = []
    begin, end = map(_instant, TWO_WEEKS)
    while begin < end:
        begin += timedelta(days=6 * chance())
        until = begin + timedelta(hours=0.5 + 8.5 * chance())
        outages.append((begin.isoformat(sep=" "), until.isoformat(sep=" ")))
        begin = until
    return tuple(outages)


def _ordinary_stores() -> Iterator[Store]:
    chance = random.Random("ordinary stores").random
    for _ in range(ORDINARY_STORES):
        yield Store(
            f"{int(1e9 + 8e9 * chance())}{int(1e9 * chance()):09}",
            "nothing",
            ORDINARY_ZONES[int(len(ORDINARY_ZONES) * chance())],
            ORDINARY_HOURS[int(len(ORDINARY_HOURS) * chance())],
        )


def _csv(header: str, rows: Iterable[tuple[str, ...]]) -> str:
    return "".join(f"{line}\n" for line in [header, *map(",".join, rows)])


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else SEEDS
    for name, text in seed_files().items():
        (folder / name).write_text(text, newline="\n")
