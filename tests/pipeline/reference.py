"""What the figures must be, worked out a second time: plain Python, no SQL, nothing shared.

The rules are read as literally as they can be:

- A store is open when the clock in its zone shows a time inside its hours.
  So the clock is looked at, in every single minute of the week before `as_of`.
- Its status is what the polls say. Each stretch between two polls is looked at by itself.
- A figure is the time that both have in common.

Everything is an integer number of microseconds: instants since 1970 in UTC, and what a store's
clock shows since Monday 00:00. Nothing is rounded.

The inputs are rows of text, as they stand in the three files; an empty field is "".
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import NamedTuple
from zoneinfo import ZoneInfo

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY

PERIODS = {"last_hour": HOUR, "last_day": DAY, "last_week": WEEK}

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ZONE_RULES_START = (datetime(2015, 1, 1, tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)

Row = Sequence[str]
# (started_at, ended_at); the end is not part of it.
Span = tuple[int, int]
# How many rows are set aside, by (input, reason).
Rejected = Counter[tuple[str, str]]


class Figures(NamedTuple):
    """Microseconds of one store in one period."""

    business: int
    uptime: int
    downtime: int
    unknown: int
    confirmed_up: int
    confirmed_down: int

    @property
    def uptime_min(self) -> int:
        """Uptime if the store was down wherever no two polls agree."""
        return self.confirmed_up

    @property
    def uptime_max(self) -> int:
        """Uptime if the store was up wherever no two polls agree."""
        return self.business - self.confirmed_down


class Report(NamedTuple):
    """`stores` is `{store_id: {period: figures}}`; `as_of` is in microseconds."""

    as_of: int
    stores: dict[str, dict[str, Figures]]
    rejected: Rejected


class Stretch(NamedTuple):
    """A time in which the status is known, by two polls that agree or by less."""

    started_at: int
    ended_at: int
    status: str
    is_confirmed: bool


def report(
    polls: Iterable[Row],
    hours: Iterable[Row],
    zones: Iterable[Row],
    *,
    as_of: str | None = None,
    default_timezone: str = "America/Chicago",
    closes_at_midnight_from: str = "23:59:00",
    status_before_first_poll: str = "first_known",
    status_when_never_polled: str = "unknown",
    max_poll_gap: float | None = None,
    clock: datetime | None = None,
) -> Report:
    """Work out the report; the policies have the names and values of the dbt variables.

    Rows are `(store_id, status, timestamp)`, `(store_id, day, opens, closes)` and
    `(store_id, timezone)`. `max_poll_gap` is in hours.
    """
    polls, hours, zones = list(polls), list(hours), list(zones)
    rejected: Rejected = Counter()
    midnight_from = time_of_day(closes_at_midnight_from)
    end = None if as_of is None else instant(as_of)
    polls_by_store = read_polls(polls, clock or datetime.now(UTC), end, rejected)
    hours_by_store = read_hours(hours, midnight_from, rejected)
    zone_by_store = read_zones(zones, rejected)

    if end is None:
        end = max(at for polls_of_store in polls_by_store.values() for at in polls_of_store)

    stores = {}
    for store_id in sorted({trimmed(row[0]) for row in (*polls, *hours, *zones)} - {""}):
        known = known_stretches(
            polls_by_store.get(store_id, {}),
            end,
            status_before_first_poll,
            status_when_never_polled,
            None if max_poll_gap is None else round(max_poll_gap * HOUR),
        )
        is_open = open_spans(
            hours_by_store.get(store_id),
            zone_by_store.get(store_id, default_timezone),
            end - WEEK,
            end,
        )
        stores[store_id] = {
            period: figures((end - length, end), is_open, known)
            for period, length in PERIODS.items()
        }
    return Report(end, stores, rejected)


# Sums


def figures(period: Span, is_open: list[Span], known: list[Stretch]) -> Figures:
    """Add up the open time of the period; what no status covers is unknown."""
    business = sum(overlap(period, span) for span in is_open)
    time: Counter[tuple[str, bool]] = Counter()
    for started_at, ended_at, status, is_confirmed in known:
        for span in is_open:
            time[status, is_confirmed] += overlap(period, span, (started_at, ended_at))
    uptime = time["active", True] + time["active", False]
    downtime = time["inactive", True] + time["inactive", False]
    return Figures(
        business,
        uptime,
        downtime,
        business - uptime - downtime,
        time["active", True],
        time["inactive", True],
    )


def overlap(*spans: Span) -> int:
    """Return how long the spans have in common."""
    return max(0, min(end for _, end in spans) - max(start for start, _ in spans))


# Status


def known_stretches(
    status_by_instant: dict[int, str],
    as_of: int,
    before_first_poll: str,
    never_polled: str,
    max_poll_gap: int | None,
) -> list[Stretch]:
    """Return the stretches with a status: without overlap, in order, none after `as_of`."""
    polls = sorted((at, status) for at, status in status_by_instant.items() if at <= as_of)
    if not polls:
        if never_polled == "unknown":
            return []
        return [Stretch(as_of - WEEK, as_of, never_polled, False)]

    stretches = []
    first_at, first_status = polls[0]
    if before_first_poll == "first_known":
        reach = WEEK if max_poll_gap is None else min(WEEK, max_poll_gap)
        stretches.append(Stretch(first_at - reach, first_at, first_status, False))
    elif before_first_poll != "unknown":
        stretches.append(Stretch(first_at - WEEK, first_at, before_first_poll, False))

    for (at, status), (next_at, next_status) in pairwise([*polls, (as_of, "")]):
        until = next_at if max_poll_gap is None else min(next_at, at + max_poll_gap)
        stretches.append(Stretch(at, until, status, status == next_status))
    return stretches


# Hours


def open_spans(hours: list[Span] | None, zone: str, started_at: int, ended_at: int) -> list[Span]:
    """Look at the clock of the zone minute by minute; None stands for open around the clock.

    Within a minute of UTC no clock jumps (`minutes` makes sure of it), so while the minute passes
    the clock goes from what it shows at the start to one minute later.
    """
    hours = [(0, WEEK)] if hours is None else weekly(hours)
    spans = []
    for minute, shown in minutes(zone, started_at, ended_at):
        for opens, closes in hours:
            if opens < shown + MINUTE and shown < closes:
                spans.append(
                    (
                        minute + max(opens, shown) - shown,
                        minute + min(closes, shown + MINUTE) - shown,
                    )
                )
    return united(spans)


def weekly(hours: list[Span]) -> list[Span]:
    """Cut what runs on past the end of Sunday and put it at the start of Monday."""
    return united(
        [(opens, min(closes, WEEK)) for opens, closes in hours]
        + [(0, closes - WEEK) for _, closes in hours if closes > WEEK]
    )


def united(spans: list[Span]) -> list[Span]:
    """Join the spans that overlap or touch."""
    joined: list[Span] = []
    for start, end in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


@cache
def minutes(zone: str, started_at: int, ended_at: int) -> list[tuple[int, int]]:
    """Pair each minute of UTC with what the clock shows when it begins.

    The first and the last minute may reach out of the span; the figures are clipped later.
    """
    shown = []
    for minute in range(started_at // MINUTE * MINUTE, ended_at, MINUTE):
        at_start, at_end = local_clock(zone, minute), local_clock(zone, minute + 59 * SECOND)
        assert at_start % MINUTE == 0, f"{zone} is not whole minutes from UTC"
        assert at_end == at_start + 59 * SECOND, f"the clock of {zone} jumps within a minute"
        shown.append((minute, at_start))
    return shown


def local_clock(zone: str, at: int) -> int:
    """Return the day and time that the clock shows, in microseconds since Monday 00:00."""
    shown = datetime.fromtimestamp(at // SECOND, zone_rules(zone))
    seconds = ((shown.weekday() * 24 + shown.hour) * 60 + shown.minute) * 60 + shown.second
    return seconds * SECOND + at % SECOND


@cache
def zone_rules(zone: str) -> ZoneInfo:
    """Read the rules from the package `tzdata`; ZoneInfo(zone) would ask the system first."""
    with resources.files("tzdata").joinpath("zoneinfo", *zone.split("/")).open("rb") as file:
        return ZoneInfo.from_file(file, key=zone)


@cache
def zone_names() -> frozenset[str]:
    return frozenset(resources.files("tzdata").joinpath("zones").read_text().split())


# Reading what stands in the files


def read_polls(
    rows: Iterable[Row], clock: datetime, as_of: int | None, rejected: Rejected
) -> dict[str, dict]:
    """Return `{store_id: {instant: status}}`; polls after `as_of` cannot contradict."""
    tomorrow = (clock - EPOCH) // timedelta(microseconds=1) + DAY
    seen: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    for store_id, status, text in rows:
        store_id, status, at = trimmed(store_id), trimmed(status).lower(), instant(text)
        if not store_id:
            rejected["store_status", "missing_store_id"] += 1
        elif status not in ("active", "inactive"):
            rejected["store_status", "unknown_status"] += 1
        elif at is None:
            rejected["store_status", "bad_timestamp"] += 1
        elif at < ZONE_RULES_START:
            rejected["store_status", "timestamp_before_zone_rules"] += 1
        elif at > tomorrow:
            rejected["store_status", "future_timestamp"] += 1
        elif as_of is None or at <= as_of:
            seen[store_id][at].append(status)

    polls: dict[str, dict[int, str]] = defaultdict(dict)
    for store_id, statuses_by_instant in seen.items():
        for at, statuses in statuses_by_instant.items():
            if "inactive" in statuses and "active" in statuses:
                rejected["store_status", "contradictory_poll"] += statuses.count("active")
            polls[store_id][at] = "inactive" if "inactive" in statuses else "active"
    return polls


def read_hours(
    rows: Iterable[Row], midnight_from: int, rejected: Rejected
) -> dict[str, list[Span]]:
    """Return `{store_id: [(opens, closes)]}` since Monday 00:00; `closes` may be past Sunday."""
    hours = defaultdict(list)
    for store_id, day, opens_text, closes_text in rows:
        store_id, day = trimmed(store_id), trimmed(day)
        opens, closes = time_of_day(opens_text), time_of_day(closes_text)
        if not store_id:
            rejected["business_hours", "missing_store_id"] += 1
        elif day not in ("0", "1", "2", "3", "4", "5", "6"):
            rejected["business_hours", "bad_day"] += 1
        elif opens is None or opens == DAY or closes is None:
            rejected["business_hours", "bad_time"] += 1
        else:
            if closes >= midnight_from:
                closes = DAY
            if closes <= opens:
                closes += DAY
            midnight = int(day) * DAY
            hours[store_id].append((midnight + opens, midnight + closes))
    return hours


def read_zones(rows: Iterable[Row], rejected: Rejected) -> dict[str, str]:
    """Return `{store_id: zone}` of the stores that have a known zone."""
    seen = defaultdict(list)
    for store_id, zone in rows:
        store_id, zone = trimmed(store_id), trimmed(zone)
        if not store_id:
            rejected["timezones", "missing_store_id"] += 1
        elif zone not in zone_names():
            rejected["timezones", "unknown_timezone"] += 1
        else:
            seen[store_id].append(zone)

    for zones_of_store in seen.values():
        others = [zone for zone in zones_of_store if zone != zones_of_store[-1]]
        if others:
            rejected["timezones", "contradictory_timezone"] += len(others)
    return {store_id: zones_of_store[-1] for store_id, zones_of_store in seen.items()}


INSTANT = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)"
    r"[ T]"
    r"(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(\.(?P<fraction>\d{1,6}))?"
    r"( UTC|Z|(?P<sign>[+-])(?P<zone_hours>\d\d)(:?(?P<zone_minutes>\d\d))?)?",
    re.ASCII,
)

TIME = re.compile(
    r"(?P<hour>\d\d?):(?P<minute>\d\d)(:(?P<second>\d\d)(\.(?P<fraction>\d{1,6}))?)?", re.ASCII
)


def instant(text: str) -> int | None:
    """Return the microseconds since 1970, or None if the text is not an instant."""
    match = INSTANT.fullmatch(trimmed(text))
    if not match:
        return None
    try:
        shown = datetime(
            *(int(match[part]) for part in ("year", "month", "day", "hour", "minute", "second")),
            tzinfo=UTC,
        )
    except ValueError:
        return None
    offset = int(match["zone_hours"] or 0) * HOUR + int(match["zone_minutes"] or 0) * MINUTE
    if match["sign"] == "-":
        offset = -offset
    seconds = (shown - EPOCH) // timedelta(seconds=1)
    return seconds * SECOND + microseconds(match["fraction"]) - offset


def time_of_day(text: str) -> int | None:
    """Return the microseconds since midnight, 24:00 being the last, or None if it is no time."""
    match = TIME.fullmatch(trimmed(text))
    if not match:
        return None
    hour, minute, second = (int(match[part] or 0) for part in ("hour", "minute", "second"))
    time = ((hour * 60 + minute) * 60 + second) * SECOND + microseconds(match["fraction"])
    return time if minute < 60 and second < 60 and time <= DAY else None


def microseconds(fraction: str | None) -> int:
    """Return what the digits after the point stand for: "06" is 60,000."""
    return int((fraction or "").ljust(6, "0"))


def trimmed(text: str) -> str:
    return text.strip(" ")
