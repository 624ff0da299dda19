"""What the figures must be, worked out a second time: plain Python, no SQL, nothing shared.

The rules are read as literally as they can be:

- A store is open when the clock in its zone shows a time inside its hours.
  So the clock is looked at, in every single minute of the week before `as_of`; further back, where
  only the newer figures reach, every hour and wherever it jumps.
- Its status is what the polls say. Each stretch between two polls is looked at by itself.
- A figure is the time that both have in common.

Everything is an integer number of microseconds: instants since 1970 in UTC, and what a store's
clock shows since 1970 or since Monday 00:00. Nothing is rounded.

The inputs are rows of text, as they stand in the files; an empty field is "".
`reference_marts.py` goes on from the timeline that is worked out here.
"""

import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from importlib import resources
from itertools import pairwise
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
WEEK = 7 * DAY

UP_OR_DOWN = {"active": "up", "inactive": "down"}

PERIODS = {"last_hour": HOUR, "last_day": DAY, "last_week": WEEK}

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_POLL = (datetime(2015, 1, 1, tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)

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
    excluded: int = 0

    @property
    def uptime_min(self) -> int:
        """Uptime if the store was down wherever no two polls agree."""
        return self.confirmed_up

    @property
    def uptime_max(self) -> int:
        """Uptime if the store was up wherever no two polls agree."""
        return self.business - self.excluded - self.confirmed_down


class Stretch(NamedTuple):
    """A time with one status, known by two polls that agree or by less."""

    started_at: int
    ended_at: int
    status: str
    is_confirmed: bool


class Store(NamedTuple):
    """What is known of a store: its polls up to `as_of`, and its business time in order.

    `is_open_ahead` is its business time of the day after `as_of`.
    """

    zone: str
    polls: dict[int, str]
    is_open: list[Span]
    timeline: list[Stretch]
    is_open_ahead: list[Span]


class Report(NamedTuple):
    """`stores` is `{store_id: {period: figures}}`; instants are in microseconds."""

    as_of: int
    stores: dict[str, dict[str, Figures]]
    rejected: Rejected
    starts_at: int
    known: dict[str, Store]


class WeeklyWindow(NamedTuple):
    """Hours on a weekday, from midnight on, and the first and last date on which they hold."""

    day: int
    opens: int
    closes: int
    valid_from: int | None = None
    valid_to: int | None = None


# The windows of each date that is special; a date is a number of days since 1970-01-01.
SpecialDays = dict[int, list[Span]]


def report(
    polls: Iterable[Row],
    hours: Iterable[Row],
    zones: Iterable[Row],
    special_hours: Iterable[Row] = (),
    excluded: Iterable[Row] = (),
    *,
    as_of: str | None = None,
    default_timezone: str = "America/Chicago",
    closes_at_midnight_from: str = "23:59:00",
    status_before_first_poll: str = "first_known",
    status_when_never_polled: str = "unknown",
    max_poll_gap: float | None = None,
    exclusions: str = "exclude",
    clock: datetime | None = None,
) -> Report:
    """Work out the report; the policies have the names and values of the dbt variables.

    Rows are `(store_id, status, timestamp)`, `(store_id, day, opens, closes)`, perhaps with
    `valid_from, valid_to`, `(store_id, timezone)`, `(store_id, date, opens, closes, closed)` and
    `(store_id, from, to)`. `max_poll_gap` is in hours.
    """
    polls, hours, zones = list(polls), list(hours), list(zones)
    store_ids = {trimmed(row[0]) for row in (*polls, *hours, *zones)} - {""}
    rejected: Rejected = Counter()
    midnight_from = time_of_day(closes_at_midnight_from)
    end = None if as_of is None else instant(as_of)
    polls_by_store, first_at = read_polls(polls, clock or datetime.now(UTC), end, rejected)
    hours_by_store = read_hours(hours, midnight_from, rejected)
    zone_by_store = read_zones(zones, rejected)
    special_by_store = read_special_hours(special_hours, store_ids, midnight_from, rejected)
    excluded_by_store = read_exclusions(excluded, store_ids, rejected)

    if end is None:
        end = max(at for polls_of_store in polls_by_store.values() for at in polls_of_store)
    starts_at = min(end if first_at is None else first_at, end) - WEEK

    stores, known = {}, {}
    for store_id in sorted(store_ids):
        hours_of_store = (hours_by_store.get(store_id), special_by_store.get(store_id, {}))
        zone = zone_by_store.get(store_id, default_timezone)
        is_open = spans_between_jumps(*hours_of_store, zone, starts_at, end)
        assert clipped(is_open, end - WEEK, end) == clipped(
            open_spans(*hours_of_store, zone, end - WEEK, end), end - WEEK, end
        ), store_id
        timeline = timeline_of(
            is_open,
            known_stretches(
                polls_by_store.get(store_id, {}),
                starts_at,
                end,
                status_before_first_poll,
                status_when_never_polled,
                None if max_poll_gap is None else round(max_poll_gap * HOUR),
            ),
            [] if exclusions == "ignore" else excluded_by_store.get(store_id, []),
            "up" if exclusions == "count_up" else "excluded",
        )
        ahead = spans_between_jumps(*hours_of_store, zone, end, end + DAY)
        polls_of_store = polls_by_store.get(store_id, {})
        known[store_id] = Store(zone, polls_of_store, is_open, timeline, ahead)
        stores[store_id] = {
            period: figures((end - length, end), timeline) for period, length in PERIODS.items()
        }
    return Report(end, stores, rejected, starts_at, known)


# Sums


def figures(period: Span, timeline: Iterable[Stretch]) -> Figures:
    """Add up what the timeline says of the period."""
    time: Counter[tuple[str, bool]] = Counter()
    for started_at, ended_at, status, is_confirmed in timeline:
        time[status, is_confirmed] += overlap(period, (started_at, ended_at))
    return Figures(
        time.total(),
        time["up", True] + time["up", False],
        time["down", True] + time["down", False],
        time["unknown", False],
        time["up", True],
        time["down", True],
        time["excluded", False],
    )


def overlap(*spans: Span) -> int:
    """Return how long the spans have in common."""
    return max(0, min(end for _, end in spans) - max(start for start, _ in spans))


# Status


def timeline_of(
    is_open: list[Span], known: list[Stretch], excluded: list[Span], excluded_status: str
) -> list[Stretch]:
    """Say of each instant of open time what is known of it; what no stretch covers is unknown."""
    edges = sorted(
        {edge for start, end, *_ in (*is_open, *known, *excluded) for edge in (start, end)}
    )
    timeline: list[Stretch] = []
    for start, end in pairwise(edges):
        if not covering(is_open, start):
            continue
        stretch = covering(known, start)
        status = (stretch.status, stretch.is_confirmed) if stretch else ("unknown", False)
        if covering(excluded, start):
            status = (excluded_status, False)
        if timeline and timeline[-1][1:] == (start, *status):
            start = timeline.pop().started_at
        timeline.append(Stretch(start, end, *status))
    return timeline


def covering(spans: list, at: int) -> Any:
    """Return the one of the spans, sorted and without overlap, that the instant is in."""
    index = bisect_right(spans, at, key=lambda span: span[0]) - 1
    return spans[index] if index >= 0 and at < spans[index][1] else None


def known_stretches(
    status_by_instant: dict[int, str],
    starts_at: int,
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
        return [Stretch(starts_at, as_of, UP_OR_DOWN[never_polled], False)]

    stretches = []
    first_at, first_status = polls[0]
    if before_first_poll == "first_known":
        reach = WEEK if max_poll_gap is None else min(WEEK, max_poll_gap)
        stretches.append(Stretch(first_at - reach, first_at, UP_OR_DOWN[first_status], False))
    elif before_first_poll != "unknown":
        stretches.append(Stretch(first_at - WEEK, first_at, UP_OR_DOWN[before_first_poll], False))

    for (at, status), (next_at, next_status) in pairwise([*polls, (as_of, "")]):
        until = next_at if max_poll_gap is None else min(next_at, at + max_poll_gap)
        stretches.append(Stretch(at, until, UP_OR_DOWN[status], status == next_status))
    return [stretch for stretch in stretches if stretch.started_at < stretch.ended_at]


# Hours


def open_spans(
    hours: list[WeeklyWindow] | None,
    special_days: SpecialDays,
    zone: str,
    started_at: int,
    ended_at: int,
) -> list[Span]:
    """Look at the clock of the zone minute by minute; None stands for open around the clock.

    Within a minute of UTC no clock jumps (`minutes` makes sure of it), so while the minute passes
    the clock goes from what it shows at the start to one minute later.
    """
    windows = windows_shown(hours, special_days, started_at, ended_at)
    starts = [opens for opens, _ in windows]
    spans = []
    for minute, shown in minutes(zone, started_at, ended_at):
        # Few windows begin in one minute; the last that began before may still be open.
        index = bisect_right(starts, shown + MINUTE - 1) - 1
        while index >= 0 and windows[index][1] > shown:
            opens, closes = windows[index]
            spans.append(
                (minute + max(opens, shown) - shown, minute + min(closes, shown + MINUTE) - shown)
            )
            index -= 1
    return united(spans)


def spans_between_jumps(
    hours: list[WeeklyWindow] | None,
    special_days: SpecialDays,
    zone: str,
    started_at: int,
    ended_at: int,
) -> list[Span]:
    """Look at the clock once for each stretch in which it runs evenly."""
    windows = windows_shown(hours, special_days, started_at, ended_at)
    return united(
        [
            (max(opens - ahead, start), min(closes - ahead, end))
            for start, end, ahead in even_stretches(zone, started_at, ended_at)
            for opens, closes in windows
            if opens - ahead < end and closes - ahead > start
        ]
    )


def windows_shown(
    hours: list[WeeklyWindow] | None, special_days: SpecialDays, started_at: int, ended_at: int
) -> list[Span]:
    """Return when the clock shows a time inside the hours, in microseconds since 1970.

    Hours belong to the date on which they open. A clock is less than a day from UTC, and no window
    lasts longer than a day.
    """
    return united(
        [
            (day * DAY + opens, day * DAY + closes)
            for day in range(started_at // DAY - 3, ended_at // DAY + 3)
            for opens, closes in windows_on(day, hours, special_days)
        ]
    )


def windows_on(day: int, hours: list[WeeklyWindow] | None, special_days: SpecialDays) -> list[Span]:
    """Return the hours of a date, which is a number of days since 1970-01-01, from midnight on."""
    if day in special_days:
        return special_days[day]
    if hours is None:
        return [(0, DAY)]
    # 1970-01-01 was a Thursday, and Monday is day 0.
    return [
        (window.opens, window.closes)
        for window in hours
        if window.day == (day + 3) % 7
        and (window.valid_from is None or window.valid_from <= day)
        and (window.valid_to is None or day <= window.valid_to)
    ]


def clipped(spans: list[Span], start: int, end: int) -> list[Span]:
    return [
        (max(start, opens), min(end, closes))
        for opens, closes in spans
        if opens < end and closes > start
    ]


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
    """Pair each minute of UTC with what the clock shows when it begins, since 1970.

    The first and the last minute may reach out of the span; the figures are clipped later.
    """
    shown = []
    for minute in range(started_at // MINUTE * MINUTE, ended_at, MINUTE):
        at_start, at_end = shown_clock(zone, minute), shown_clock(zone, minute + 59 * SECOND)
        assert at_start % MINUTE == 0, f"{zone} is not whole minutes from UTC"
        assert at_end == at_start + 59 * SECOND, f"the clock of {zone} jumps within a minute"
        shown.append((minute, at_start))
    return shown


@cache
def even_stretches(zone: str, started_at: int, ended_at: int) -> list[tuple[int, int, int]]:
    """Cut the span where the clock jumps, and say how far ahead of UTC it is in each part.

    No clock jumps twice in an hour.
    """
    parts = []
    start, at = started_at, started_at
    while at < ended_at:
        later = min(at + HOUR, ended_at)
        ahead, ahead_later = (shown_clock(zone, each) - each for each in (at, later))
        if ahead != ahead_later:
            low, high = at, later
            while high - low > 1:
                middle = (low + high) // 2
                if shown_clock(zone, middle) - middle == ahead:
                    low = middle
                else:
                    high = middle
            parts.append((start, high, ahead))
            start = high
        at = later
    if start < ended_at:
        parts.append((start, ended_at, shown_clock(zone, start) - start))
    return parts


def shown_clock(zone: str, at: int) -> int:
    """Return the date and time that the clock shows, in microseconds since 1970-01-01 00:00."""
    shown = datetime.fromtimestamp(at // SECOND, zone_rules(zone))
    seconds = ((shown.toordinal() * 24 + shown.hour) * 60 + shown.minute) * 60 + shown.second
    return seconds * SECOND + at % SECOND - EPOCH.toordinal() * DAY


def local_clock(zone: str, at: int) -> int:
    """Return the day of the week and time that it shows, in microseconds since Monday 00:00."""
    return (shown_clock(zone, at) + 3 * DAY) % WEEK


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
) -> tuple[dict[str, dict[int, str]], int | None]:
    """Return `{store_id: {instant: status}}` and the first instant of all.

    Polls after `as_of` are no polls, and cannot contradict, but they may be the first.
    """
    tomorrow = (clock - EPOCH) // timedelta(microseconds=1) + DAY
    seen: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    first_at = None
    for store_id, status, text in rows:
        store_id, status, at = trimmed(store_id), trimmed(status).lower(), instant(text)
        if not store_id:
            rejected["store_status", "missing_store_id"] += 1
        elif status not in ("active", "inactive"):
            rejected["store_status", "unknown_status"] += 1
        elif at is None:
            rejected["store_status", "bad_timestamp"] += 1
        elif at < FIRST_POLL:
            rejected["store_status", "timestamp_before_zone_rules"] += 1
        elif at > tomorrow:
            rejected["store_status", "future_timestamp"] += 1
        else:
            first_at = at if first_at is None else min(first_at, at)
            if as_of is None or at <= as_of:
                seen[store_id][at].append(status)

    polls: dict[str, dict[int, str]] = defaultdict(dict)
    for store_id, statuses_by_instant in seen.items():
        for at, statuses in statuses_by_instant.items():
            if "inactive" in statuses and "active" in statuses:
                rejected["store_status", "contradictory_poll"] += statuses.count("active")
            polls[store_id][at] = "inactive" if "inactive" in statuses else "active"
    return polls, first_at


def read_hours(
    rows: Iterable[Row], midnight_from: int, rejected: Rejected
) -> dict[str, list[WeeklyWindow]]:
    """Return the windows of each store that has any; `closes` may be on the next day."""
    hours = defaultdict(list)
    for store_id, day, opens_text, closes_text, *limits in rows:
        store_id, day = trimmed(store_id), trimmed(day)
        opens, closes = time_of_day(opens_text), time_of_day(closes_text)
        from_text, to_text = (trimmed(text) for text in limits or ("", ""))
        valid_from, valid_to = day_number(from_text), day_number(to_text)
        if not store_id:
            rejected["business_hours", "missing_store_id"] += 1
        elif not re.fullmatch(r"[0-6](\.0+)?", day):
            rejected["business_hours", "bad_day"] += 1
        elif opens is None or opens == DAY or closes is None:
            rejected["business_hours", "bad_time"] += 1
        elif (
            (from_text and valid_from is None)
            or (to_text and valid_to is None)
            or (from_text and to_text and valid_to < valid_from)
        ):
            rejected["business_hours", "bad_validity"] += 1
        else:
            closes = closing(opens, closes, midnight_from)
            hours[store_id].append(WeeklyWindow(int(day[0]), opens, closes, valid_from, valid_to))
    return hours


def closing(opens: int, closes: int, midnight_from: int) -> int:
    """Return when hours close, from the midnight before they open."""
    if closes >= midnight_from:
        closes = DAY
    return closes if closes > opens else closes + DAY


CLOSED, NOT_CLOSED = (
    ("true", "t", "yes", "y", "1", "closed"),
    ("false", "f", "no", "n", "0", "open"),
)


def read_special_hours(
    rows: Iterable[Row], store_ids: set[str], midnight_from: int, rejected: Rejected
) -> dict[str, SpecialDays]:
    """Return `{store_id: {date: windows}}`; no windows: closed on that date."""
    said: dict[str, SpecialDays] = defaultdict(lambda: defaultdict(list))
    for store_id, date_text, opens_text, closes_text, closed in rows:
        store_id, closed = trimmed(store_id), trimmed(closed).lower()
        day, opens, closes = (
            day_number(date_text),
            time_of_day(opens_text),
            time_of_day(closes_text),
        )
        texts = (trimmed(opens_text).lower(), trimmed(closes_text))
        is_closed = closed in CLOSED or texts[0] == "closed" or (closed, *texts) == ("", "", "")
        if not store_id:
            rejected["special_hours", "missing_store_id"] += 1
        elif day is None:
            rejected["special_hours", "bad_date"] += 1
        elif not is_closed and closed and closed not in NOT_CLOSED:
            rejected["special_hours", "bad_closed"] += 1
        elif not is_closed and (opens is None or opens == DAY or closes is None):
            rejected["special_hours", "bad_time"] += 1
        elif store_id != "*" and store_id not in store_ids:
            rejected["special_hours", "unknown_store"] += 1
        else:
            windows = said[store_id][day]
            if not is_closed:
                windows.append((opens, closing(opens, closes, midnight_from)))
    return {store_id: {**said["*"], **said[store_id]} for store_id in store_ids}


def read_exclusions(
    rows: Iterable[Row], store_ids: set[str], rejected: Rejected
) -> dict[str, list[Span]]:
    """Return the time that is not to count for each store."""
    said = defaultdict(list)
    for store_id, from_text, to_text, *_ in rows:
        store_id, start, end = trimmed(store_id), instant(from_text), instant(to_text)
        if not store_id:
            rejected["exclusions", "missing_store_id"] += 1
        elif start is None or end is None:
            rejected["exclusions", "bad_timestamp"] += 1
        elif start >= end:
            rejected["exclusions", "ends_before_it_starts"] += 1
        elif store_id != "*" and store_id not in store_ids:
            rejected["exclusions", "unknown_store"] += 1
        else:
            said[store_id].append((start, end))
    return {store_id: united(said["*"] + said[store_id]) for store_id in store_ids}


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
    r"( UTC|Z|(?P<sign>[+-])(?P<zone_hours>[01]\d|2[0-3])(:?(?P<zone_minutes>[0-5]\d))?)?",
    re.ASCII,
)

TIME = re.compile(
    r"(?P<hour>\d\d?):(?P<minute>\d\d)(:(?P<second>\d\d)(\.(?P<fraction>\d{1,6}))?)?"
    r"( ?(?P<half>am|pm))?",
    re.ASCII | re.IGNORECASE,
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


def day_number(text: str) -> int | None:
    """Return the days since 1970-01-01, or None if the text is no date."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", trimmed(text), re.ASCII):
        return None
    try:
        return (date.fromisoformat(trimmed(text)) - EPOCH.date()).days
    except ValueError:
        return None


def time_of_day(text: str) -> int | None:
    """Return the microseconds since midnight, 24:00 being the last, or None if it is no time."""
    match = TIME.fullmatch(trimmed(text))
    if not match:
        return None
    hour, minute, second = (int(match[part] or 0) for part in ("hour", "minute", "second"))
    if match["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match["half"].lower() == "pm" else 0)
    time = ((hour * 60 + minute) * 60 + second) * SECOND + microseconds(match["fraction"])
    return time if minute < 60 and second < 60 and time <= DAY else None


def microseconds(fraction: str | None) -> int:
    """Return what the digits after the point stand for: "06" is 60,000."""
    return int((fraction or "").ljust(6, "0"))


def trimmed(text: str) -> str:
    return text.strip()
