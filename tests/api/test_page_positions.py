"""Where things stand on the pages, and how figures are said: nothing is rounded up."""

from datetime import datetime, timedelta

import pytest

from api.ui.charts import Stretch, calendar, cell, strip, trend, week
from api.ui.clocks import UTC_CLOCK, Clock, Piece, clocks
from api.ui.words import Times, address, age, duration, exact_seconds, hours, percent

HOUR = timedelta(hours=1)
STORE, UTC = Times(is_utc=False), Times(is_utc=True)
# Chicago in March: at 8:00 UTC on the 8th, two o'clock becomes three.
SPRING = datetime(2026, 3, 8, 8)
# In November: at 7:00 UTC on the 1st, two o'clock becomes one.
AUTUMN = datetime(2026, 11, 1, 7)
CHICAGO = Clock(
    "America/Chicago",
    (
        Piece(datetime(2025, 11, 2, 7), SPRING, -6 * HOUR),
        Piece(SPRING, AUTUMN, -5 * HOUR),
        Piece(AUTUMN, datetime(2027, 3, 14, 8), -6 * HOUR),
    ),
)


def up(started_at: datetime, ended_at: datetime, is_confirmed: bool = True) -> Stretch:
    seconds = (ended_at - started_at).total_seconds()
    return Stretch(started_at, ended_at, "up", is_confirmed, seconds)


@pytest.mark.parametrize(
    ("ratio", "digits", "said"),
    [
        (0.99999, 2, "99.99"),
        (0.9999999999999999, 0, "99"),
        (1.0, 2, "100.00"),
        # Its binary form is a little below.
        (0.29, 2, "29.00"),
        (0.57, 0, "57"),
        (1e-9, 1, "0.0"),
        (0.0, 1, "0.0"),
    ],
)
def test_percentages_are_cut(ratio: float, digits: int, said: str) -> None:
    assert percent(ratio, digits) == f"{said}\u00a0%"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 min"),
        (59.999999, "59 s"),
        (60, "1 min"),
        (3599.9, "59 min"),
        (3600, "1 h 00 min"),
        (86_399, "23 h 59 min"),
        (86_400 * 2 + 3600 * 20 + 3599, "2 d 20 h"),
        (None, "–"),
    ],
)
def test_lengths_have_two_units_and_are_cut(seconds: float | None, said: str) -> None:
    assert duration(seconds).replace("\u00a0", " ") == said


def test_sums_of_hours_are_cut() -> None:
    assert hours(3599.999999).replace("\u00a0", " ") == "0.9 h"
    assert hours(18_384_840).replace("\u00a0", " ") == "5,106.9 h"


def test_seconds_that_are_added_up_have_all_their_digits() -> None:
    assert [exact_seconds(each) for each in (27_000.0, 31_597.520779, 0.1, 0.0, 100.0)] == [
        "27000",
        "31597.520779",
        "0.1",
        "0",
        "100",
    ]


@pytest.mark.parametrize(
    ("passed", "said"),
    [(0, ""), (59, ""), (60, "1 h"), (47 * 60 + 59, "47 h"), (48 * 60, "2 days")],
)
def test_age_is_coarse(passed: int, said: str) -> None:
    now = datetime(2026, 3, 12)
    assert age(now - timedelta(minutes=passed), now).replace("\u00a0", " ") == said


def test_addresses_leave_out_what_is_not_asked() -> None:
    assert address("./") == "./"
    assert address("./", status=["not heard from", "up"], page=None, group="a:b&c") == (
        "./?status=not+heard+from&status=up&group=a%3Ab%26c"
    )


def test_pieces_of_a_clock_that_go_on_evenly_are_one() -> None:
    rows = [
        ("a", "UTC", datetime(2026, 1, 1), datetime(2026, 2, 1), 0),
        ("a", "UTC", datetime(2026, 2, 1), datetime(2026, 3, 1), 0),
        ("a", "UTC", datetime(2026, 3, 1), datetime(2026, 4, 1), 3_600_000_000),
    ]
    [clock] = clocks(rows).values()
    assert clock.pieces == (
        Piece(datetime(2026, 1, 1), datetime(2026, 3, 1), timedelta(0)),
        Piece(datetime(2026, 3, 1), datetime(2026, 4, 1), HOUR),
    )


def test_a_clock_goes_on_beyond_what_is_known_of_it() -> None:
    assert CHICAGO.at(datetime(2020, 1, 1, 6)) == datetime(2020, 1, 1)
    assert CHICAGO.at(datetime(2030, 1, 1, 6)) == datetime(2030, 1, 1)


def test_a_strip_is_clipped_to_its_interval() -> None:
    start = datetime(2026, 3, 10)
    stretches = [
        up(start - HOUR, start + HOUR),
        up(start + 12 * HOUR, start + 18 * HOUR, is_confirmed=False),
        up(start + 25 * HOUR, start + 26 * HOUR),
    ]
    bits = strip(stretches, start, start + 24 * HOUR, 240, UTC_CLOCK, STORE)
    assert [(bit.x, bit.width, bit.css) for bit in bits] == [
        (0, 10, "up sure"),
        (120, 60, "up inferred"),
    ]


def test_days_are_those_of_the_clock_and_cut_at_its_midnights() -> None:
    # 20:00 of the 9th to 2:00 of the 10th in Chicago, then UTC.
    stretch = up(datetime(2026, 3, 10, 1), datetime(2026, 3, 10, 7))
    start, end = datetime(2026, 3, 10, 1), datetime(2026, 3, 10, 7)
    for times, expected in (
        (STORE, {10: [(0, 20)], 9: [(200, 40)]}),
        (UTC, {10: [(10, 60)]}),
    ):
        days = week([stretch], [], start, end, CHICAGO, 240, times)
        found = {day.on.day: [(bit.x, bit.width) for bit in day.bits] for day in days}
        assert found == expected


def test_a_skipped_hour_is_a_hole() -> None:
    start, end = SPRING - 2 * HOUR, SPRING + 2 * HOUR
    [day] = week([up(start, end)], [], start, end, CHICAGO, 240, STORE)
    assert [(bit.x, bit.width, bit.lane) for bit in day.bits] == [(0, 20, 0), (30, 20, 0)]
    assert [(bit.x, bit.width) for bit in day.skipped] == [(20, 10)]
    assert [(bit.x, bit.width) for bit in day.ground] == [(0, 20), (30, 20)]


def test_what_is_not_in_the_interval_is_not_closed() -> None:
    start, end = datetime(2026, 3, 10, 6), datetime(2026, 3, 11, 18)
    days = week([], [], start, end, UTC_CLOCK, 240, STORE)
    assert [[(bit.x, bit.width) for bit in day.ground] for day in days] == [
        [(0, 180)],
        [(60, 180)],
    ]


def test_a_repeated_hour_is_drawn_twice_one_above_the_other() -> None:
    start, end = AUTUMN - 2 * HOUR, AUTUMN + 2 * HOUR
    polls = [(AUTUMN - HOUR / 2, "active"), (AUTUMN + HOUR / 2, "inactive")]
    [day] = week([up(start, end)], polls, start, end, CHICAGO, 240, STORE)
    # Midnight to one, then one to two twice, then two to three.
    assert [(bit.x, bit.width, bit.lane) for bit in day.bits] == [
        (0, 10, 0),
        (10, 10, 1),
        (10, 10, 2),
        (20, 10, 0),
    ]
    assert [(bit.x, bit.width) for bit in day.repeated] == [(10, 10)]
    assert [(dot.x, dot.css, dot.lane) for dot in day.dots] == [(15, "up", 1), (15, "down", 2)]


def test_tooltips_tell_both_clocks() -> None:
    stretch = up(SPRING - HOUR, SPRING + HOUR, is_confirmed=False)
    [day] = week([stretch], [], SPRING - HOUR, SPRING + HOUR, CHICAGO, 240, STORE)
    assert {bit.title.replace("\u00a0", " ") for bit in day.bits} == {
        "up · inferred · 01:00–04:00 America/Chicago · 07:00–09:00 UTC · 2 h 00 min"
    }


def day(on: datetime, ratio: float | None, is_enough: bool = True, least: float = 0.5) -> dict:
    return {
        "date": on.date(),
        "uptime_ratio": ratio,
        "is_enough": is_enough,
        "least_uptime_ratio": least,
        "most_uptime_ratio": 1.0,
    }


def test_cells_say_their_figure_cut_or_that_there_is_none() -> None:
    first = datetime(2026, 3, 9)
    said = [
        (found.css, found.text)
        for figures in (day(first, 0.9999), day(first, 0.95), day(first, 0.1), day(first, None))
        for found in [cell(0, 0, figures, "Mon")]
    ]
    assert said == [("l1", "99"), ("l3", "95"), ("l5", "10"), ("none", "")]
    assert cell(0, 0, day(first, 1.0, is_enough=False), "Mon").title == "Mon: not enough polls"


def test_a_calendar_has_a_column_for_each_week() -> None:
    days = [day(datetime(2026, 2, 26) + timedelta(days=number), 1.0) for number in range(5)]
    cells, months = calendar(days)
    assert [(each.column, each.row) for each in cells] == [(0, 3), (0, 4), (0, 5), (0, 6), (1, 0)]
    # 1 March is a Sunday: of two months in one week the later is named.
    assert months == [(0, "Mar")]


def test_a_day_with_too_few_polls_breaks_the_line() -> None:
    first = datetime(2026, 3, 9)
    days = [
        day(first + timedelta(days=number), ratio, is_enough)
        for number, (ratio, is_enough) in enumerate(
            [(0.75, True), (1.0, True), (0.0, False), (None, False), (0.5, True)]
        )
    ]
    found = trend(days, 400, 100)
    assert [point.y for point in found.points] == [50, 0, None, None, 100]
    assert [[point.x for point in line] for line in found.lines] == [[0, 100], [400]]
    assert found.scale == [(100, "50 %"), (50, "75 %"), (0, "100 %")]
