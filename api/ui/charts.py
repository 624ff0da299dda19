"""Where things stand in the charts: instants and ratios become positions, and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from api.ui.clocks import Clock
from api.ui.words import WEEKDAYS, Times, day, duration, percent, state

_DAY = timedelta(days=1)
# From the best to the worst; what is not that good has the next class.
LEVELS = ((0.999, "l1"), (0.99, "l2"), (0.95, "l3"), (0.8, "l4"), (0.0, "l5"))
LEVEL_WORDS = (
    ("l1", "≥ 99.9 %"),
    ("l2", "≥ 99 %"),
    ("l3", "≥ 95 %"),
    ("l4", "≥ 80 %"),
    ("l5", "less"),
)


@dataclass(frozen=True)
class Stretch:
    """Time with one status, as in `store_timeline`."""

    started_at: datetime
    ended_at: datetime
    status: str
    is_confirmed: bool
    duration_seconds: float


@dataclass(frozen=True)
class Bit:
    """A part of a bar: where it begins and how long it is, in the units of the chart."""

    x: float
    width: float
    css: str
    title: str
    # Of an hour that the clock shows twice: 1 is the first time, 2 the second.
    lane: int = 0


@dataclass(frozen=True)
class Dot:
    """A poll."""

    x: float
    css: str
    title: str
    lane: int = 0


@dataclass
class Day:
    """A row of the chart of a week."""

    on: date
    label: str
    # What of the day is in the interval that is shown.
    ground: list[Bit] = field(default_factory=list)
    bits: list[Bit] = field(default_factory=list)
    dots: list[Dot] = field(default_factory=list)
    # Hours that the clock skips or shows twice.
    skipped: list[Bit] = field(default_factory=list)
    repeated: list[Bit] = field(default_factory=list)


@dataclass(frozen=True)
class Cell:
    """A cell of a calendar or of the hours of a week."""

    column: int
    row: int
    css: str
    text: str
    title: str


def css(stretch: Stretch) -> str:
    evidence = "sure" if stretch.is_confirmed or stretch.status == "excluded" else "inferred"
    return f"{state(stretch.status).css} {evidence}"


def title(stretch: Stretch, clock: Clock, times: Times) -> str:
    evidence = (
        "" if stretch.status == "excluded" else "confirmed" if stretch.is_confirmed else "inferred"
    )
    said = (
        state(stretch.status).word,
        evidence,
        times.span(stretch.started_at, stretch.ended_at, clock),
        duration(stretch.duration_seconds),
    )
    return " · ".join(filter(None, said))


def strip(
    stretches: Sequence[Stretch],
    started_at: datetime,
    ended_at: datetime,
    width: float,
    clock: Clock,
    times: Times,
) -> list[Bit]:
    """Return the bar of an interval."""
    scale = width / (ended_at - started_at).total_seconds()
    bits = []
    for stretch in stretches:
        start, end = max(stretch.started_at, started_at), min(stretch.ended_at, ended_at)
        if start < end:
            x = (start - started_at).total_seconds() * scale
            long = (end - start).total_seconds() * scale
            bits.append(
                Bit(round(x, 2), round(long, 2), css(stretch), title(stretch, clock, times))
            )
    return bits


def week(
    stretches: Sequence[Stretch],
    polls: Sequence[tuple[datetime, str]],
    started_at: datetime,
    ended_at: datetime,
    clock: Clock,
    width: float,
    times: Times,
) -> list[Day]:
    """Return the days of an interval on a clock, the newest first; each is as wide as 24 hours."""
    own = times.clock(clock)
    scale = width / _DAY.total_seconds()
    days: dict[date, Day] = {}
    on = own.at(started_at).date()
    while on <= own.at(ended_at - timedelta(microseconds=1)).date():
        days[on] = Day(on, day(on))
        on += _DAY

    def place(at: datetime, day_of: date) -> float:
        return (at - datetime.combine(day_of, datetime.min.time())).total_seconds() * scale

    def bits(
        start: datetime, end: datetime, kind: str, said: str, lane: int = 0
    ) -> list[tuple[date, Bit]]:
        """Cut an interval of the clock at its midnights."""
        found = []
        while start < end:
            midnight = datetime.combine(start.date(), datetime.min.time()) + _DAY
            until = min(end, midnight)
            x = place(start, start.date())
            long = (until - start).total_seconds() * scale
            found.append((start.date(), Bit(round(x, 2), round(long, 2), kind, said, lane)))
            start = until
        return found

    # Of each part of UTC the hours of the clock that come again, and whether they did already.
    twice: list[tuple[datetime, datetime, datetime]] = []
    for before, after in own.changes(started_at, ended_at):
        change = after.started_at
        old, new = change + before.offset, change + after.offset
        if new > old:
            for on, bit in bits(old, new, "skipped", "The clock skips this time."):
                days[on].skipped.append(bit)
        else:
            twice.append((change, new, old))
            for on, bit in bits(new, old, "repeated", "The clock shows this time twice."):
                days[on].repeated.append(bit)

    def lane(at: datetime, local: datetime) -> int:
        for change, first, last in twice:
            if first <= local < last and abs(at - change) <= _DAY:
                return 1 if at < change else 2
        return 0

    for piece in own.within(started_at, ended_at):
        begin, until = piece.started_at + piece.offset, piece.ended_at + piece.offset
        for on, bit in bits(begin, until, "shut", ""):
            days[on].ground.append(bit)
    edges = [edge for _, first, last in twice for edge in (first, last)]
    for stretch in stretches:
        start, end = max(stretch.started_at, started_at), min(stretch.ended_at, ended_at)
        said, kind = title(stretch, clock, times), css(stretch)
        for piece in own.within(start, end):
            begin, until = piece.started_at + piece.offset, piece.ended_at + piece.offset
            cuts = sorted({begin, until, *(edge for edge in edges if begin < edge < until)})
            for first, last in pairwise(cuts):
                for on, bit in bits(first, last, kind, said, lane(first - piece.offset, first)):
                    days[on].bits.append(bit)
    for polled_at, status in polls:
        if not started_at <= polled_at < ended_at:
            continue
        local = own.at(polled_at)
        kind = "up" if status == "active" else "down"
        dot = Dot(
            round(place(local, local.date()), 2),
            kind,
            f"poll: {status} · {times.both(polled_at, clock)}",
            lane(polled_at, local),
        )
        days[local.date()].dots.append(dot)
    return sorted(days.values(), key=lambda each: each.on, reverse=True)


def level(ratio: float | None, is_enough: bool) -> str:
    """Return the class of a ratio; what few polls bear out has one of its own."""
    if ratio is None:
        return "none"
    if not is_enough:
        return "few"
    return next(name for least, name in LEVELS if ratio >= least)


def cell(column: int, row: int, figures: dict[str, Any], about: str) -> Cell:
    ratio, is_enough = figures["uptime_ratio"], figures["is_enough"]
    name = level(ratio, is_enough)
    text = {"none": "", "few": "?"}.get(name) if name in ("none", "few") else percent(ratio, 0)[:-2]
    said = {"none": "nothing known", "few": "not enough polls"}.get(name, f"{percent(ratio)} up")
    return Cell(column, row, name, text or "", f"{about}: {said}")


def calendar(days: Sequence[dict[str, Any]]) -> tuple[list[Cell], list[tuple[int, str]]]:
    """Return a cell for each day, a column for each week, and where the months begin."""
    if not days:
        return [], []
    first = min(each["date"] for each in days)
    monday = first - timedelta(days=first.weekday())
    cells, months = [], {}
    for each in sorted(days, key=lambda each: each["date"]):
        column = (each["date"] - monday).days // 7
        cells.append(cell(column, each["date"].weekday(), each, day(each["date"])))
        months.setdefault(f"{each['date']:%b}", column)
    # Of two that begin in one week the later has the room.
    return cells, [*{column: month for month, column in months.items()}.items()]


def hours_of_week(hours: Sequence[dict[str, Any]]) -> list[Cell]:
    """Return a cell for each hour of the week in which anything was open."""
    return [
        cell(
            each["hour"],
            each["day_of_week"],
            each,
            f"{WEEKDAYS[each['day_of_week']]} {each['hour']:02}:00",
        )
        for each in hours
        if each["business_seconds"]
    ]


@dataclass(frozen=True)
class Point:
    """A day in the trend; without `y` nothing is drawn, as few polls bear it out."""

    x: float
    y: float | None
    least: float | None
    most: float | None
    day: dict[str, Any]


@dataclass(frozen=True)
class Trend:
    """A line with its band, and the lines of its scale."""

    points: list[Point]
    lines: list[list[Point]]
    bands: list[str]
    scale: list[tuple[float, str]]


def trend(days: Sequence[dict[str, Any]], width: float, height: float) -> Trend:
    """Return where the days' ratios stand; the scale begins below the least of them."""
    known = [each["least_uptime_ratio"] for each in days if each["is_enough"]]
    # The first and the last day are cut, and may be open to anything.
    lowest = min(known[1:-1] or known, default=0.0)
    base = next(each for each in (0.99, 0.95, 0.9, 0.8, 0.7, 0.6, 0.5, 0.0) if each <= lowest)
    step = width / max(1, len(days) - 1)

    def up(ratio: float | None) -> float | None:
        if ratio is None:
            return None
        return round(height * (1 - (max(ratio, base) - base) / (1 - base)), 2)

    points = [
        Point(
            round(number * step, 2),
            up(each["uptime_ratio"]) if each["is_enough"] else None,
            up(each["least_uptime_ratio"]),
            up(each["most_uptime_ratio"]),
            each,
        )
        for number, each in enumerate(days)
    ]
    lines = [part for part in _parts(points, lambda point: point.y is not None) if part]
    bands = [
        " ".join(
            [f"{point.x},{point.most}" for point in part]
            + [f"{point.x},{point.least}" for point in reversed(part)]
        )
        for part in _parts(points, lambda point: point.y is not None)
        if len(part) > 1
    ]
    marks = [base, (1 + base) / 2, 1.0]
    return Trend(points, lines, bands, [(up(mark) or 0.0, f"{mark * 100:g} %") for mark in marks])


def _parts(points: Sequence[Point], belongs: Any) -> list[list[Point]]:
    """Return the points in parts between those that do not belong."""
    parts: list[list[Point]] = [[]]
    for point in points:
        if belongs(point):
            parts[-1].append(point)
        else:
            parts.append([])
    return parts
