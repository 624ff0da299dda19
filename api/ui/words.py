"""How the pages say figures, times and states; nothing is worked out or rounded up."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_DOWN, Decimal
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup

from api.ui.clocks import UTC_CLOCK, Clock

# Of a figure and its unit, which belong on one line.
_SPACE = "\u00a0"
NONE = "–"

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


@dataclass(frozen=True)
class State:
    """What can be said of a store: the word, a sign for who sees no colour, and the class."""

    word: str
    sign: str
    css: str


STATES = {
    "down": State("down", "▼", "down"),
    "not heard from": State("not heard from", "◌", "silent"),
    "unknown": State("unknown", "?", "unknown"),
    "up": State("up", "▲", "up"),
    "closed": State("closed", "–", "closed"),
    "excluded": State("excluded", "✕", "excluded"),
}
PERIODS = {
    "last_hour": "last hour",
    "last_day": "last 24 hours",
    "last_week": "last 7 days",
    "week_before": "7 days before",
}
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def state(status: str) -> State:
    return STATES.get(status, State(status, "", "unknown"))


def percent(ratio: float | None, digits: int = 1) -> str:
    """Return a ratio as a percentage, its further digits left out."""
    if ratio is None:
        return NONE
    # What the text of the figure says, not what its binary form is a little below.
    exact = Decimal(repr(float(ratio))) * 100
    return f"{exact.quantize(Decimal(1).scaleb(-digits), ROUND_DOWN)}{_SPACE}%"


def duration(seconds: float | None) -> str:
    """Return a length of time in its two largest units, the rest left out."""
    if seconds is None:
        return NONE
    whole = int(abs(seconds))
    if whole >= _DAY:
        said = f"{whole // _DAY}{_SPACE}d {whole % _DAY // _HOUR}{_SPACE}h"
    elif whole >= _HOUR:
        said = f"{whole // _HOUR}{_SPACE}h {whole % _HOUR // _MINUTE:02}{_SPACE}min"
    elif whole >= _MINUTE or not whole:
        said = f"{whole // _MINUTE}{_SPACE}min"
    else:
        said = f"{whole}{_SPACE}s"
    return said.replace(" ", _SPACE)


def hours(seconds: float | None) -> str:
    """Return a sum of time in hours with one digit, the rest left out."""
    if seconds is None:
        return NONE
    exact = Decimal(repr(float(seconds))) / _HOUR
    return f"{exact.quantize(Decimal('0.1'), ROUND_DOWN):,}{_SPACE}h"


def count(number: int | None) -> str:
    return NONE if number is None else f"{number:,}"


def exact_seconds(seconds: float | None) -> str:
    """Return seconds with all digits that they have, to be added up by hand."""
    if seconds is None:
        return NONE
    return f"{Decimal(repr(float(seconds))).quantize(Decimal('0.000001')):f}".rstrip("0").rstrip(
        "."
    )


def day(on: date) -> str:
    return f"{WEEKDAYS[on.weekday()]} {on.day} {on:%b}"


def age(as_of: datetime, now: datetime) -> str:
    """Return how old what is known is, coarsely, so that a page stays as it is for a while."""
    passed = int((now - as_of).total_seconds()) // _HOUR
    if passed < 1:
        return ""
    return f"{passed}{_SPACE}h" if passed < 48 else f"{passed // 24}{_SPACE}days"


def is_long(as_of: datetime, now: datetime) -> bool:
    """Say whether what is known is so old that it should be said loudly."""
    return (now - as_of).total_seconds() > 3 * _HOUR


class Times:
    """Instants on the clock that the reader has chosen: the store's own, or UTC."""

    def __init__(self, is_utc: bool) -> None:
        self.is_utc = is_utc

    def clock(self, clock: Clock | None) -> Clock:
        """Return the clock to show; what is about no single store is in UTC."""
        return UTC_CLOCK if self.is_utc or clock is None else clock

    def shown(self, at: datetime | None, clock: Clock | None = None, form: str = "short") -> Markup:
        """Return an instant as HTML; pointing at it tells it on both clocks."""
        if at is None:
            return Markup(NONE)
        shown = self.clock(clock)
        local = shown.at(at)
        texts = {
            "time": f"{local:%H:%M}",
            "short": f"{WEEKDAYS[local.weekday()]} {local:%H:%M}",
            "long": f"{day(local.date())} {local:%H:%M}",
            "full": f"{day(local.date())} {local:%Y} {local:%H:%M:%S}",
        }
        label = Markup(' <small class="zone">UTC</small>') if shown is UTC_CLOCK else ""
        return Markup('<time datetime="{}" title="{}">{}{}</time>').format(
            f"{at.replace(tzinfo=UTC):%Y-%m-%dT%H:%M:%SZ}", self.both(at, clock), texts[form], label
        )

    def same_day(self, one: datetime, other: datetime, clock: Clock | None) -> bool:
        """Say whether two instants are of one day on the clock to show."""
        shown = self.clock(clock)
        return shown.at(one).date() == shown.at(other).date()

    def both(self, at: datetime, clock: Clock | None) -> str:
        """Return an instant on the store's clock and in UTC."""
        in_utc = f"{day(at.date())} {at:%H:%M:%S} UTC"
        if clock is None or clock is UTC_CLOCK:
            return in_utc
        local = clock.at(at)
        return f"{day(local.date())} {local:%H:%M:%S} {clock.name} · {in_utc}"

    def span(self, started: datetime, ended: datetime, clock: Clock) -> str:
        """Return an interval on the store's clock and in UTC."""
        said = [
            f"{own.at(started):%H:%M}–{own.at(ended):%H:%M} {own.name}"
            for own in dict.fromkeys((clock, UTC_CLOCK))
        ]
        return " · ".join(said)


def address(path: str, **asked: Any) -> str:
    """Return a relative address with what is asked of it; what is None is left out."""
    pairs = [
        (name, each)
        for name, value in asked.items()
        for each in (value if isinstance(value, list | tuple) else [value])
        if each is not None
    ]
    return f"{path}?{urlencode(pairs)}" if pairs else path


FILTERS = {
    "percent": percent,
    "duration": duration,
    "hours": hours,
    "count": count,
    "exact_seconds": exact_seconds,
    "day": day,
    "state": state,
}
