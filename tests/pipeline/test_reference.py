"""The models agree with the plain reference, and the reference with cases worked out by hand."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.pipeline.conftest import Compared
from tests.pipeline.generated import SCENARIOS, ZONES, Inputs, Scenario, inputs, write
from tests.pipeline.reference import (
    DAY,
    HOUR,
    MINUTE,
    PERIODS,
    SECOND,
    WEEK,
    Figures,
    Rejected,
    instant,
    local_clock,
    minutes,
    open_spans,
    read_exclusions,
    read_hours,
    read_polls,
    read_special_hours,
    read_zones,
    report,
    spans_between_jumps,
    time_of_day,
)

# The models and the reference, on generated inputs


def test_models_agree_to_the_microsecond(compared: Compared) -> None:
    rows = compared.query(
        """
        select
            store_id, period, epoch_us(started_at), epoch_us(ended_at),
            round(business_seconds * 1e6)::bigint, round(uptime_seconds * 1e6)::bigint,
            round(downtime_seconds * 1e6)::bigint, round(unknown_seconds * 1e6)::bigint,
            round(uptime_seconds_min * 1e6)::bigint, round(uptime_seconds_max * 1e6)::bigint,
            round(excluded_seconds * 1e6)::bigint
        from period_uptime
        """
    )
    found = {(store_id, period): tuple(figures) for store_id, period, *figures in rows}
    expected = {
        (store_id, period): (
            compared.report.as_of - PERIODS[period],
            compared.report.as_of,
            each.business,
            each.uptime,
            each.downtime,
            each.unknown,
            each.uptime_min,
            each.uptime_max,
            each.excluded,
        )
        for store_id, periods in compared.report.stores.items()
        for period, each in periods.items()
    }
    assert len(rows) == len(found), "a store and period occurs twice"
    assert len(found) > 200
    different = {
        key: {"models": found.get(key), "reference": expected.get(key)}
        for key in sorted(found.keys() | expected.keys())
        if found.get(key) != expected.get(key)
    }
    assert not different, explained(different, compared.inputs)


def explained(different: dict[tuple[str, str], dict], rows: Inputs) -> str:
    """Say where they differ, and with which rows, for the first few."""
    lines = [
        f"{len(different)} rows differ; "
        "started_at, ended_at, business, uptime, downtime, unknown, least, most, excluded:"
    ]
    for (store_id, period), figures in list(different.items())[:4]:
        lines += [f"{store_id!r} {period}", *(f"    {who} {us}" for who, us in figures.items())]
        for name in ("zones", "hours", "special_hours", "exclusions"):
            own = [row for row in getattr(rows, name) if row[0].strip(" ") in (store_id, "*")]
            lines.append(f"    {name} {sorted(own)}")
    return "\n".join(lines)


def test_models_have_the_same_stores(compared: Compared) -> None:
    expected = compared.report.stores.keys()
    assert len(expected) > 80
    for table in ("period_uptime", "store_report"):
        found = {store_id for (store_id,) in compared.query(f"select store_id from {table}")}
        assert found == expected, table


def test_models_set_the_same_rows_aside(compared: Compared) -> None:
    found = compared.query("select input, reason, count(*) from rejected_rows group by all")
    assert {(name, reason): rows for name, reason, rows in found} == dict(compared.report.rejected)


# What the generated inputs contain


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_scenario_has_the_changes_of_the_clock_that_it_lists(scenario: Scenario) -> None:
    as_of = scenario.as_of
    half_hours = range((as_of - WEEK) // (30 * MINUTE) * 30 * MINUTE, as_of + 1, 30 * MINUTE)
    assert scenario.changes == tuple(
        sorted(
            zone
            for zone in ZONES
            if any(
                (local_clock(zone, at - 1) + 1) % WEEK != local_clock(zone, at) for at in half_hours
            )
        )
    )


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_scenario_has_rows_to_set_aside_for_every_reason(scenario: Scenario) -> None:
    rows = inputs(scenario)
    rejected: Rejected = Counter()
    read_polls(rows.polls, datetime.now(UTC), None, rejected)
    read_hours(rows.hours, time_of_day("23:59:00"), rejected)
    read_zones(rows.zones, rejected)
    ids = {row[0].strip(" ") for row in (*rows.polls, *rows.hours, *rows.zones)}
    read_special_hours(rows.special_hours, ids, time_of_day("23:59:00"), rejected)
    read_exclusions(rows.exclusions, ids, rejected)
    reasons = {
        "store_status": {
            "bad_timestamp",
            "contradictory_poll",
            "future_timestamp",
            "missing_store_id",
            "timestamp_before_zone_rules",
            "unknown_status",
        },
        "business_hours": {"bad_day", "bad_time", "missing_store_id"},
        "timezones": {"contradictory_timezone", "missing_store_id", "unknown_timezone"},
    }
    if scenario.has_optional_inputs:
        reasons["business_hours"].add("bad_validity")
        reasons["special_hours"] = {
            "bad_closed",
            "bad_date",
            "bad_time",
            "missing_store_id",
            "unknown_store",
        }
        reasons["exclusions"] = {
            "bad_timestamp",
            "ends_before_it_starts",
            "missing_store_id",
            "unknown_store",
        }
    assert rejected.keys() == {(name, each) for name in reasons for each in reasons[name]}


def test_scenarios_are_written_in_every_way(tmp_path: Path) -> None:
    """Both names of the day, both ends of a line, with and without quotes everywhere."""
    seen = Counter()
    for scenario in SCENARIOS:
        write(Inputs([], [], []), tmp_path, scenario.name)
        header = (tmp_path / "business_hours.csv").read_bytes()
        seen.update(
            f"{feature!r} is {'' if feature in header else 'not '}there"
            for feature in (b"dayOfWeek", b"\r\n", b'"')
        )
    assert len(seen) == 6, seen


# The reference, by hand


def in_last_week(
    polls: list[tuple[str, str]],
    hours: list[tuple[str, str, str]],
    *,
    as_of: str = "2026-07-13 12:00:00 UTC",
    zone: str = "UTC",
    **policies: Any,
) -> Figures:
    """Return the figures of one store in the week up to (usually) a Monday noon."""
    result = report(
        [("store", *poll) for poll in polls],
        [("store", *window) for window in hours],
        [("store", zone)],
        as_of=as_of,
        **policies,
    )
    assert not result.rejected
    return result.stores["store"]["last_week"]


MONDAY_MORNING = [("0", "09:00:00", "12:00:00")]


def polls_on_monday(text: str) -> list[tuple[str, str]]:
    """Turn "10:14 active, 11:15 inactive" into rows."""
    return [
        (status, f"2026-07-13 {time}:00 UTC")
        for time, status in (poll.split() for poll in text.split(", ") if poll)
    ]


# Monday 09:00-12:00, seen from noon: 3 h of business.
@pytest.mark.parametrize(
    ("polls", "policies", "up", "down", "unknown", "least", "most"),
    [
        # The worked case of the contract: up 09:00-11:15, down 11:15-12:00, no two polls agree.
        ("10:14 active, 11:15 inactive", {}, 2.25, 0.75, 0, 0, 3),
        # Two polls that agree confirm what is between them, 10:00-11:00.
        ("10:00 active, 11:00 active", {}, 3, 0, 0, 1, 3),
        ("10:00 inactive, 11:00 inactive", {}, 0, 3, 0, 0, 2),
        # Through closed hours: confirmed 09:00-11:00.
        ("05:00 active, 11:00 active", {}, 3, 0, 0, 2, 3),
        # A poll at as_of counts: it confirms 10:00-12:00. Those after it do not.
        ("10:00 active, 12:00 active", {}, 3, 0, 0, 2, 3),
        ("10:00 active, 12:01 active", {}, 3, 0, 0, 0, 3),
        ("12:01 active", {}, 0, 0, 3, 0, 3),
        # Twice at 10:00: one poll, which is inactive once and for all.
        ("10:00 inactive, 10:00 inactive", {}, 0, 3, 0, 0, 3),
        # Before the first poll, 09:00-10:00.
        ("10:00 active", {}, 3, 0, 0, 0, 3),
        ("10:00 active", {"status_before_first_poll": "unknown"}, 2, 0, 1, 0, 3),
        ("10:00 active", {"status_before_first_poll": "inactive"}, 2, 1, 0, 0, 3),
        ("10:00 inactive", {"status_before_first_poll": "active"}, 1, 2, 0, 0, 3),
        # Never polled.
        ("", {}, 0, 0, 3, 0, 3),
        ("", {"status_when_never_polled": "active"}, 3, 0, 0, 0, 3),
        ("", {"status_when_never_polled": "inactive"}, 0, 3, 0, 0, 3),
        ("", {"status_when_never_polled": "active", "max_poll_gap": 1}, 3, 0, 0, 0, 3),
        # A gap of 2 h: confirmed 09:00-10:00, unknown 10:00-11:00, up 11:00-12:00.
        ("09:00 active, 11:00 active", {"max_poll_gap": 1}, 2, 0, 1, 1, 3),
        # Not longer than the limit: nothing is unknown.
        ("09:00 active, 11:00 active", {"max_poll_gap": 2}, 3, 0, 0, 2, 3),
        # Polls that disagree: up 09:00-09:30, unknown 09:30-11:00, down 11:00-11:30, unknown.
        ("09:00 active, 11:00 inactive", {"max_poll_gap": 0.5}, 0.5, 0.5, 2, 0, 3),
        # The first status reaches back as far as it would reach on: 10:00-11:00 and 11:00-12:00.
        ("11:00 inactive", {"max_poll_gap": 1}, 0, 2, 1, 0, 3),
        # A status that is assumed reaches back 168 h all the same: 09:00-11:00.
        (
            "11:00 inactive",
            {"max_poll_gap": 0.5, "status_before_first_poll": "active"},
            *(2, 0.5, 0.5, 0, 3),
        ),
    ],
)
def test_status(
    polls: str,
    policies: dict[str, Any],
    up: float,
    down: float,
    unknown: float,
    least: float,
    most: float,
) -> None:
    figures = in_last_week(polls_on_monday(polls), MONDAY_MORNING, **policies)
    assert figures.business == 3 * HOUR
    assert [
        figures.uptime,
        figures.downtime,
        figures.unknown,
        figures.uptime_min,
        figures.uptime_max,
    ] == [hours * HOUR for hours in (up, down, unknown, least, most)]


def test_periods_begin_an_hour_a_day_and_a_week_before() -> None:
    """Open all day, up on Monday 2026-07-13 from 00:00; seen from 12:00 and a microsecond."""
    result = report(
        [("1", "inactive", "2026-07-12 00:00:00"), ("1", "active", "2026-07-13 00:00:00")],
        [],
        [("1", "UTC")],
        as_of="2026-07-13 12:00:00.000001",
    )
    assert result.as_of == instant("2026-07-13 12:00:00 UTC") + 1
    assert result.stores == {
        "1": {
            "last_hour": Figures(HOUR, HOUR, 0, 0, 0, 0),
            # 12 h of Sunday but for a microsecond.
            "last_day": Figures(24 * HOUR, 12 * HOUR + 1, 12 * HOUR - 1, 0, 0, 0),
            # 168 h - 12 h - 1 us, of which nothing lies between two polls that agree.
            "last_week": Figures(168 * HOUR, 12 * HOUR + 1, 156 * HOUR - 1, 0, 0, 0),
        }
    }


# The week, the window, and how many hours of that week it is open.
CLOCK_CHANGES = {
    # New York, Sunday 2026-03-08: 01:59:59 is followed by 03:00:00.
    "across the skipped hour, 01-02 and 03-04": ("New_York spring", ("6", "01:00", "04:00"), 2),
    "in the skipped hour": ("New_York spring", ("6", "02:00", "03:00"), 0),
    "opens in the skipped hour, 03-05": ("New_York spring", ("6", "02:30", "05:00"), 2),
    "closes in the skipped hour, 22-02": ("New_York spring", ("5", "22:00", "02:30"), 4),
    "a day of 23 hours": ("New_York spring", ("6", "00:00", "00:00"), 23),
    # New York, Sunday 2025-11-02: 01:59:59 is followed by 01:00:00.
    "across the repeated hour, 00-02 and 01-03": ("New_York autumn", ("6", "00:00", "03:00"), 4),
    "in the repeated hour, twice": ("New_York autumn", ("6", "01:15", "01:45"), 1),
    "opens in it, 01:30-02 and 01:30-05": ("New_York autumn", ("6", "01:30", "05:00"), 4),
    "closes in it, 22-01:30 and 01-01:30": ("New_York autumn", ("5", "22:00", "01:30"), 4),
    "a day of 25 hours": ("New_York autumn", ("6", "00:00", "00:00"), 25),
    # Lord Howe Island: by half an hour.
    "half an hour skipped, 01-02 and 02:30-03": ("Lord_Howe spring", ("6", "01:00", "03:00"), 1.5),
    "half an hour repeated, 01-02 and 01:30-03": ("Lord_Howe autumn", ("6", "01:00", "03:00"), 2.5),
    # Santiago: the day begins at 01:00. Overnight, 22-24 and 01-02.
    "midnight skipped": ("Santiago spring", ("5", "22:00", "02:00"), 3),
    "midnight skipped, by a day": ("Santiago spring", ("6", "00:00", "00:00"), 23),
    # Troll: by two hours. 00-01 and 03-04.
    "two hours skipped": ("Troll spring", ("6", "00:00", "04:00"), 2),
}

WEEKS = {
    "New_York spring": ("America/New_York", "2026-03-09 12:00:00 UTC"),
    "New_York autumn": ("America/New_York", "2025-11-03 12:00:00 UTC"),
    "Lord_Howe spring": ("Australia/Lord_Howe", "2024-10-07 12:00:00 UTC"),
    "Lord_Howe autumn": ("Australia/Lord_Howe", "2024-04-08 12:00:00 UTC"),
    "Santiago spring": ("America/Santiago", "2025-09-08 12:00:00 UTC"),
    "Troll spring": ("Antarctica/Troll", "2026-03-30 12:00:00 UTC"),
}


@pytest.mark.parametrize("case", CLOCK_CHANGES)
def test_hours_while_the_clock_changes(case: str) -> None:
    week, window, hours = CLOCK_CHANGES[case]
    zone, as_of = WEEKS[week]
    assert in_last_week([], [window], zone=zone, as_of=as_of).business == hours * HOUR


def test_zone_is_a_quarter_of_an_hour_off() -> None:
    """03:30 UTC is 09:15 in Kathmandu: 15 minutes of the last hour are open."""
    result = report(
        [], [("1", "0", "9:00", "17:00")], [("1", "Asia/Kathmandu")], as_of="2026-07-13 03:30:00"
    )
    assert result.stores["1"]["last_hour"].business == 15 * MINUTE


@pytest.mark.parametrize(
    ("hours", "policies", "minutes"),
    [
        # No row: around the clock.
        ([], {}, 168 * 60),
        # Other weekdays are closed: 3 h.
        ([("0", "09:00", "12:00")], {}, 180),
        # Overlapping and touching: 09:00-15:00.
        (
            [("0", "09:00", "11:00"), ("0", "10:00", "12:00"), ("0", "12:00", "15:00")],
            {"as_of": "2026-07-14 00:00:00"},
            360,
        ),
        # Past midnight, and from Sunday to Monday: 22:00-02:00.
        ([("2", "22:00", "02:00")], {}, 240),
        ([("6", "22:00", "02:00")], {}, 240),
        # Equal times: 24 hours.
        ([("2", "09:00", "09:00")], {}, 24 * 60),
        # 23:59 is midnight, and so is all that comes after it.
        ([("2", "22:00", "23:59")], {}, 120),
        ([("2", "22:00", "23:59:59.999999")], {}, 120),
        ([("2", "22:00", "24:00")], {}, 120),
        ([("2", "22:00", "00:00")], {}, 120),
        ([("2", "22:00", "23:58:59")], {}, 118 + 59 / 60),
        ([("2", "22:00", "23:59")], {"closes_at_midnight_from": "24:00:00"}, 119),
        ([("2", "22:00", "23:50")], {"closes_at_midnight_from": "23:45:00"}, 120),
        # First midnight, then the next day: 23:59:30-24:00, and not 24 h less half a minute.
        ([("2", "23:59:30", "23:59")], {}, 0.5),
        ([("2", "23:59:30", "23:59")], {"closes_at_midnight_from": "24:00:00"}, 24 * 60 - 0.5),
        # Whole microseconds: 09:00:00.25 to 09:00:30.5.
        ([("2", "09:00:00.25", "09:00:30.5")], {}, 30.25 / 60),
    ],
)
def test_hours(hours: list[tuple[str, str, str]], policies: dict[str, Any], minutes: float) -> None:
    assert in_last_week([], hours, **policies).business == round(minutes * MINUTE)


@pytest.mark.parametrize(
    ("zones", "zone", "rejected"),
    [
        ([], "America/Chicago", {}),
        (["Asia/Tokyo"], "Asia/Tokyo", {}),
        ([" Asia/Tokyo "], "Asia/Tokyo", {}),
        (["asia/tokyo"], "America/Chicago", {"unknown_timezone": 1}),
        ([""], "America/Chicago", {"unknown_timezone": 1}),
        (["Asia/Tokyo", "Asia/Tokio"], "Asia/Tokyo", {"unknown_timezone": 1}),
        # The last one wins; a row that says the same as it is no contradiction.
        (["Asia/Tokyo", "UTC"], "UTC", {"contradictory_timezone": 1}),
        (["UTC", "Asia/Tokyo", "UTC"], "UTC", {"contradictory_timezone": 1}),
        (["UTC", "UTC"], "UTC", {}),
    ],
)
def test_zone(zones: list[str], zone: str, rejected: dict[str, int]) -> None:
    """Monday 09:00-10:00 is recognised by the instant at which its last hour is all open."""
    ends_at = {"America/Chicago": "15:00", "Asia/Tokyo": "01:00", "UTC": "10:00"}
    result = report(
        [],
        [("1", "0", "09:00:00", "10:00:00")],
        [("1", each) for each in zones],
        as_of=f"2026-07-13 {ends_at[zone]}:00",
    )
    assert result.stores["1"]["last_hour"].business == HOUR
    assert result.rejected == {("timezones", reason): n for reason, n in rejected.items()}


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-10 15:20:39.06 UTC",
        "2026-03-10 15:20:39.060000 UTC",
        "2026-03-10T15:20:39.06Z",
        "2026-03-10T10:20:39.06-05:00",
        "2026-03-10T20:50:39.06+05:30",
        "2026-03-10T20:50:39.06+0530",
        "2026-03-10 15:20:39.06+00",
        "2026-03-10 15:20:39.06",
        "2026-03-10T15:20:39.06",
        " 2026-03-10 15:20:39.06 UTC ",
    ],
)
def test_timestamp(text: str) -> None:
    at = datetime(2026, 3, 10, 15, 20, 39, tzinfo=UTC).timestamp()
    assert instant(text) == at * SECOND + 60_000


@pytest.mark.parametrize(
    "text", ["", "soon", "2026-02-30 15:00:00 UTC", "3/10/2026 15:20", "2026-03-10"]
)
def test_bad_timestamp(text: str) -> None:
    assert instant(text) is None


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("9:05", 9 * HOUR + 5 * MINUTE),
        (" 09:05 ", 9 * HOUR + 5 * MINUTE),
        ("09:05:07", 9 * HOUR + 5 * MINUTE + 7 * SECOND),
        ("09:05:07.5", 9 * HOUR + 5 * MINUTE + 7 * SECOND + SECOND // 2),
        ("24:00:00", 24 * HOUR),
        ("24:00:01", None),
        ("12:60", None),
        ("noon", None),
        ("9", None),
        ("", None),
    ],
)
def test_time_of_day(text: str, time: int | None) -> None:
    assert time_of_day(text) == time


def test_rows_are_set_aside_for_the_first_reason_that_applies() -> None:
    result = report(
        [
            ("", "paused", "soon"),
            ("only a bad status", "paused", "soon"),
            ("1", "active", "soon"),
            ("1", "active", "2014-12-31 23:59:59.999999 UTC"),
            ("1", "active", "2015-01-01 00:00:00 UTC"),
            # A day after the clock at the latest.
            ("1", "active", "2026-07-14 12:00:00 UTC"),
            ("1", "active", "2026-07-14 12:00:00.000001 UTC"),
            # Inactive wins; the two active rows lose. The same twice is no contradiction.
            ("1", "Active", "2026-07-13 08:00:00 UTC"),
            ("1", " inactive", "2026-07-13 08:00:00.0 UTC"),
            ("1", "active", "2026-07-13T08:00:00Z"),
            ("1", "active", "2026-07-13 09:00:00 UTC"),
            ("1", "active", "2026-07-13 09:00:00 UTC"),
        ],
        [
            (" ", "7", "noon", "noon"),
            ("only a bad day", "7", "noon", "noon"),
            ("2", "3.5", "09:00", "10:00"),
            ("2", "1", "24:00:00", "10:00"),
            ("2", "1", "09:00", "25:00"),
        ],
        [("", "Mars"), ("only a bad zone", "Mars"), ("2", "")],
        clock=datetime(2026, 7, 13, 12, tzinfo=UTC),
    )
    assert result.as_of == instant("2026-07-14 12:00:00 UTC")
    assert result.rejected == {
        ("store_status", "missing_store_id"): 1,
        ("store_status", "unknown_status"): 1,
        ("store_status", "bad_timestamp"): 1,
        ("store_status", "timestamp_before_zone_rules"): 1,
        ("store_status", "future_timestamp"): 1,
        ("store_status", "contradictory_poll"): 2,
        ("business_hours", "missing_store_id"): 1,
        ("business_hours", "bad_day"): 2,
        ("business_hours", "bad_time"): 2,
        ("timezones", "missing_store_id"): 1,
        ("timezones", "unknown_timezone"): 2,
    }
    assert set(result.stores) == {
        "1",
        "2",
        "only a bad status",
        "only a bad day",
        "only a bad zone",
    }
    # A store whose hours were all set aside has none: open around the clock.
    assert result.stores["2"]["last_week"].business == 168 * HOUR


@pytest.mark.parametrize("week", ["Lord_Howe spring", "New_York autumn"])
def test_minutes_give_what_the_clock_shows_in_each_second(week: str) -> None:
    """The rule taken at its word: look at the clock in every second of the week."""
    zone, as_of = WEEKS[week]
    rows = [("1", "6", "01:29:59", "02:15:30"), ("1", "3", "22:00:01", "22:00:02")]
    hours = read_hours(rows, time_of_day("23:59:00"), Counter())["1"]
    end = instant(as_of)
    windows = [(each.day * DAY + each.opens, each.day * DAY + each.closes) for each in hours]
    seconds = sum(
        any(opens <= local_clock(zone, at) < closes for opens, closes in windows)
        for at in range(end - WEEK, end, SECOND)
    )
    # Lord Howe: 01:29:59-02:00 without the half hour and its 15:30, and the second.
    # New York: twice 01:29:59-02:00, then 02:00-02:15:30, and the second.
    assert (
        seconds
        == {
            "Lord_Howe spring": 30 * 60 + 1 + 1,
            "New_York autumn": 2 * (30 * 60 + 1) + 15 * 60 + 30 + 1,
        }[week]
    )
    for look in (open_spans, spans_between_jumps):
        spans = look(hours, {}, zone, end - WEEK, end)
        assert sum(closed_at - opened_at for opened_at, closed_at in spans) == seconds * SECOND
    assert len(minutes(zone, end - WEEK, end)) == 7 * 24 * 60
