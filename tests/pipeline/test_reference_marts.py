"""Each mart agrees with the plain reference to the microsecond, on the generated inputs."""

import random
from collections.abc import Iterable
from datetime import timedelta
from fractions import Fraction
from math import isclose
from typing import Any

import pytest

from tests.pipeline.conftest import Compared
from tests.pipeline.generated import Scenario
from tests.pipeline.reference import (
    DAY,
    EPOCH,
    HOUR,
    PERIODS,
    WEEK,
    Figures,
    Report,
    instant,
    report,
)
from tests.pipeline.reference_marts import (
    attainment,
    behaviour,
    by_group,
    current_status,
    days,
    hours_of_week,
    lately,
    opening,
    outages,
    polls_in_status,
    reliability,
    summed,
    window,
)

SECONDS = ("business", "uptime", "downtime", "unknown", "excluded")
FIGURES = (
    *(f"{name}_seconds" for name in SECONDS),
    "uptime_seconds_min",
    "uptime_seconds_max",
    "confirmed_seconds",
)


# As groups have them.
GROUP_FIGURES = (*FIGURES[:5], "confirmed_seconds", "least_uptime_seconds", "most_uptime_seconds")
GROUP_RATIOS = "uptime_ratio, least_uptime_ratio, most_uptime_ratio, confirmed_ratio, is_enough"


def us(*columns: str) -> str:
    """Spell columns of seconds as whole microseconds."""
    return ", ".join(f"round({column} * 1e6)::bigint" for column in columns)


def instants(*columns: str) -> str:
    return ", ".join(f"epoch_us({column})" for column in columns)


def as_columns(each: Figures) -> tuple:
    """Return the figures and the two ratios in the order of the columns."""
    known, counting = each.uptime + each.downtime, each.business - each.excluded
    confirmed = each.confirmed_up + each.confirmed_down
    return (
        *(getattr(each, name) for name in SECONDS),
        each.uptime_min,
        each.uptime_max,
        confirmed,
        each.uptime / known if known else None,
        confirmed / counting if counting else None,
    )


def as_group_columns(each: Figures) -> tuple:
    """Return the figures of a group and its ratios in the order of the columns."""
    *times, least, most, confirmed, uptime_ratio, confirmed_ratio = as_columns(each)
    counting = each.business - each.excluded
    return (
        *times,
        confirmed,
        least,
        most,
        uptime_ratio,
        least / counting if counting else None,
        most / counting if counting else None,
        confirmed_ratio,
        is_enough(each),
    )


def is_enough(each: Figures) -> bool:
    """Say whether polls confirm half of the time that counts."""
    counting = each.business - each.excluded
    return counting > 0 and 2 * (each.confirmed_up + each.confirmed_down) >= counting


def assert_same(found: Iterable[tuple], expected: dict[Any, tuple], keys: int = 1) -> None:
    """Compare rows that begin with so many columns of the key; what was divided but nearly."""
    rows = [(row[0] if keys == 1 else row[:keys], row[keys:]) for row in found]
    by_key = dict(rows)
    assert len(by_key) == len(rows), "a key occurs twice"
    assert expected
    different = [
        f"{key}\n    models    {by_key.get(key)}\n    reference {expected.get(key)}"
        for key in sorted(by_key.keys() | expected.keys(), key=str)
        if not alike(by_key.get(key), expected.get(key))
    ]
    assert not different, f"{len(different)} of {len(expected)} differ:\n" + "\n".join(
        different[:5]
    )


def alike(row: tuple | None, other: tuple | None) -> bool:
    if row is None or other is None or len(row) != len(other):
        return False
    return all(
        isclose(one, two, rel_tol=1e-12, abs_tol=1e-9)
        if isinstance(one, float) and isinstance(two, float)
        else one == two
        for one, two in zip(row, other, strict=True)
    )


def seconds(value: Fraction | float | None) -> float | None:
    """Turn microseconds into seconds as the marts divide them."""
    return None if value is None else float(value / 10**6)


def test_timeline(compared: Compared) -> None:
    rows = compared.query(
        f"""
        select store_id, {instants("started_at", "ended_at")}, status, is_confirmed
        from store_timeline
        order by store_id, started_at
        """
    )
    joined: list[tuple] = []
    for row in rows:
        if joined and joined[-1][0] == row[0] and joined[-1][2:] == (row[1], *row[3:]):
            row = (*joined.pop()[:2], *row[2:])
        joined.append(row)
    assert len(joined) > 1000
    expected = {
        (store_id, stretch[0]): tuple(stretch[1:])
        for store_id, store in compared.report.known.items()
        for stretch in store.timeline
    }
    assert_same(joined, expected, keys=2)


def test_period_uptime(compared: Compared) -> None:
    """Its times are held by `test_reference.py`."""
    expected = {
        (store_id, period): as_group_columns(each)[-5:]
        for store_id, periods in compared.report.stores.items()
        for period, each in periods.items()
    }
    rows = compared.query(
        """
        select
            store_id, period, uptime_ratio, least_uptime_ratio, most_uptime_ratio, coverage_ratio,
            is_enough
        from period_uptime
        """
    )
    assert {row[-1] for row in rows} == {True, False}
    assert_same(rows, expected, keys=2)


def test_daily_store_uptime(compared: Compared) -> None:
    expected = {
        key: (*as_columns(each), is_enough(each)) for key, each in days(compared.report).items()
    }
    rows = compared.query(
        f"""
        select
            store_id, local_date, {us(*FIGURES)}, uptime_ratio, coverage_ratio, is_enough
        from daily_store_uptime
        """
    )
    assert_same(rows, expected, keys=2)


def test_store_hour_of_week(compared: Compared) -> None:
    expected = {
        key: (*as_columns(each), is_enough(each))
        for key, each in hours_of_week(compared.report).items()
    }
    rows = compared.query(
        f"""
        select
            store_id, day_of_week, hour_of_day, {us(*FIGURES)}, uptime_ratio, coverage_ratio,
            is_enough
        from store_hour_of_week
        """
    )
    assert_same(rows, expected, keys=3)


def test_outages(compared: Compared) -> None:
    expected = {
        (store_id, outage.started_at): tuple(outage[1:])
        for store_id, store in compared.report.known.items()
        for outage in outages(store, compared.report.as_of)
    }
    seen = "last_seen_up_at", "first_seen_down_at", "first_seen_up_at"
    rows = compared.query(
        f"""
        select
            store_id, {instants("started_at", "ended_at", *seen)},
            {us("business_seconds_lost", "wall_seconds")}, is_start_cut, is_end_cut
        from outages
        """
    )
    assert_same(rows, expected, keys=2)


def test_store_reliability(compared: Compared) -> None:
    expected = {}
    for store_id, store in compared.report.known.items():
        number, *times = reliability(store, compared.report.as_of)
        expected[store_id] = (number, *times[:2], *map(seconds, times[2:]))
    rows = compared.query(
        f"""
        select
            store_id, outages, {us("business_seconds_lost", "longest_seconds_lost")},
            mean_seconds_to_restore, mean_seconds_between_failures
        from store_reliability
        """
    )
    assert_same(rows, expected)


def test_current_status(compared: Compared) -> None:
    expected = {
        store_id: (*each[:4], seconds(each.usual_gap), compared.report.as_of)
        for store_id, each in current_status(compared.report).items()
    }
    rows = compared.query(
        f"""
        select
            store_id, current_status, {instants("since_at", "last_polled_at")}, last_status,
            usual_gap_seconds, epoch_us(as_of)
        from current_status
        """
    )
    assert_same(rows, expected)


def test_store_board(compared: Compared) -> None:
    result = compared.report
    weeks_before = window(result, result.as_of - 2 * WEEK, result.as_of - WEEK)
    lost_by_all = sum(periods["last_week"].downtime for periods in result.stores.values())
    expected = {}
    for store_id, each in current_status(result).items():
        store, periods = result.known[store_id], result.stores[store_id]
        day, week = periods["last_day"], periods["last_week"]
        *_, uptime_ratio, least_ratio, most_ratio, confirmed_ratio, is_week_enough = (
            as_group_columns(week)
        )
        *_, ratio_before, _, _, confirmed_before, is_enough_before = as_group_columns(
            weeks_before[store_id]
        )
        expected[store_id] = (
            store.zone,
            each.status,
            each.since_at,
            None if each.since_at is None else result.as_of - each.since_at,
            polls_in_status(store),
            *opening(store, result.as_of),
            None if each.last_polled_at is None else result.as_of - each.last_polled_at,
            *(day.downtime, day.business, day.unknown),
            *(week.uptime, week.downtime, week.unknown, week.excluded, week.business),
            *(uptime_ratio, least_ratio, most_ratio, confirmed_ratio, is_week_enough),
            week.downtime / lost_by_all if lost_by_all else None,
            *(ratio_before, confirmed_before, is_enough_before),
        )
    of_day = (f"day_{name}_seconds" for name in ("downtime", "business", "unknown"))
    of_week = (
        f"week_{name}_seconds" for name in ("uptime", "downtime", "unknown", "excluded", "business")
    )
    rows = compared.query(
        f"""
        select
            store_id, timezone, current_status, epoch_us(since_at), {us("seconds_in_status")},
            polls_in_status, epoch_us(closes_at), epoch_us(closes_at_local), epoch_us(opens_at),
            epoch_us(opens_at_local), {us("silent_seconds", *of_day, *of_week)}, week_uptime_ratio,
            week_least_uptime_ratio, week_most_uptime_ratio, week_confirmed_ratio, week_is_enough,
            week_downtime_share, week_before_uptime_ratio, week_before_confirmed_ratio,
            week_before_is_enough
        from store_board
        """
    )
    assert_same(rows, expected)


def test_hours_against_behaviour(compared: Compared) -> None:
    gap = compared.scenario.policies.get("max_poll_gap")
    expected = {
        store_id: tuple(behaviour(compared.report, store, gap))
        for store_id, store in compared.report.known.items()
    }
    rows = compared.query(
        f"""
        select
            store_id, windows, windows_first_hour_polled, windows_first_hour_down,
            windows_last_hour_polled, windows_last_hour_down,
            {us("closed_seconds_confirmed", "closed_seconds_active")},
            opens_later, closes_earlier, is_active_when_closed
        from hours_against_behaviour
        """
    )
    assert_same(rows, expected)


def test_group_uptime(compared: Compared) -> None:
    expected = {
        (*group, period): (
            compared.report.as_of - PERIODS[period],
            compared.report.as_of,
            len(store_ids),
            *as_columns(summed(compared.report.stores[store_id][period] for store_id in store_ids)),
        )
        for group, store_ids in compared.groups.items()
        if group[0] != "store_id"
        for period in PERIODS
    }
    rows = compared.query(
        f"""
        select
            attribute, value, period, {instants("started_at", "ended_at")}, stores,
            {us(*FIGURES)}, uptime_ratio, coverage_ratio
        from group_uptime
        """
    )
    assert_same(rows, expected, keys=3)


def test_group_status(compared: Compared) -> None:
    as_of = compared.report.as_of
    statuses = "down", "not heard from", "unknown", "up", "closed", "excluded"
    expected = {}
    for group, store_ids in compared.groups.items():
        if group[0] == "store_id":
            continue
        members = {
            store_id: each
            for store_id, each in current_status(compared.report).items()
            if store_id in store_ids
        }
        down = [
            (each.since_at, store_id)
            for store_id, each in members.items()
            if each.status == "down" and each.since_at is not None
        ]
        silent = [
            each.last_polled_at
            for each in members.values()
            if each.status == "not heard from" and each.last_polled_at is not None
        ]
        expected[group] = (
            len(members),
            *(sum(each.status == status for each in members.values()) for status in statuses),
            as_of - min(down)[0] if down else None,
            min(down)[1] if down else None,
            as_of - min(silent) if silent else None,
        )
    rows = compared.query(
        f"""
        select
            attribute, value, stores, down, not_heard_from, unknown, up, closed, excluded,
            {us("longest_down_seconds")}, longest_down_store_id, {us("longest_silent_seconds")}
        from group_status
        """
    )
    assert_same(rows, expected, keys=2)


def test_fleet_periods(compared: Compared) -> None:
    result = compared.report
    spans = {period: (result.as_of - length, result.as_of) for period, length in PERIODS.items()}
    spans["week_before"] = (result.as_of - 2 * WEEK, result.as_of - WEEK)
    parts = {
        (store_id, period): each
        for period, span in spans.items()
        for store_id, each in window(result, *span).items()
    }
    expected = {
        group: (*spans[group[2]], stores, *as_group_columns(each))
        for group, (stores, each) in by_group(compared.groups, parts).items()
    }
    rows = compared.query(
        f"""
        select
            attribute, value, period, {instants("started_at", "ended_at")}, stores,
            {us(*GROUP_FIGURES)}, {GROUP_RATIOS}
        from fleet_periods
        """
    )
    assert_same(rows, expected, keys=3)


def test_daily_group_uptime(compared: Compared) -> None:
    expected = {
        group: (stores, *as_group_columns(each))
        for group, (stores, each) in by_group(compared.groups, days(compared.report)).items()
    }
    rows = compared.query(
        f"select attribute, value, date, stores, {us(*GROUP_FIGURES)}, {GROUP_RATIOS} "
        "from daily_group_uptime"
    )
    assert_same(rows, expected, keys=3)


def test_group_hour_of_week(compared: Compared) -> None:
    hours = hours_of_week(lately(compared.report, 4 * WEEK))
    nothing = as_group_columns(Figures(0, 0, 0, 0, 0, 0, 0))
    expected = {
        (*group, day, hour): nothing
        for group in compared.groups
        if group[0] != "store_id"
        for day in range(7)
        for hour in range(24)
    }
    for group, (_, each) in by_group(compared.groups, hours).items():
        expected[group] = as_group_columns(each)
    rows = compared.query(
        f"select attribute, value, day_of_week, hour, {us(*GROUP_FIGURES)}, {GROUP_RATIOS} "
        "from group_hour_of_week"
    )
    assert_same(rows, expected, keys=4)


def test_target_attainment(compared: Compared) -> None:
    expected = {
        (*target[:2], target.period, float(target.ratio), started_on): (
            each.ended_on,
            each.is_running,
            each.is_start_cut,
            each.stores,
            each.figures.uptime,
            each.figures.downtime,
            *as_group_columns(each.figures)[-5:],
            each.is_met,
            float(each.budget / 60_000_000),
            float((each.budget - each.figures.downtime) / 60_000_000),
            float(each.longest_outage / 60_000_000) if each.is_running else None,
        )
        for (target, started_on), each in attainment(
            compared.report, compared.targets, compared.groups, days(compared.report)
        ).items()
    }
    rows = compared.query(
        f"""
        select
            attribute, value, calendar_period, target_ratio, started_on, ended_on, is_running,
            is_start_cut, stores, {us("uptime_seconds", "downtime_seconds")}, uptime_ratio,
            least_uptime_ratio, most_uptime_ratio, coverage_ratio, is_enough, is_met,
            error_budget_minutes, error_budget_left_minutes, longest_outage_allowed_minutes
        from target_attainment
        """
    )
    if compared.targets:
        assert_same(rows, expected, keys=5)
    else:
        assert not rows


def test_uptime_between(compared: Compared) -> None:
    """Windows at random, some of which reach out of the timeline."""
    result = compared.report
    rng = random.Random(compared.scenario.name)
    spans = [
        sorted(rng.randrange(result.starts_at - 2 * DAY, result.as_of + DAY) for _ in range(2))
        for _ in range(3)
    ]
    for start, end in [*spans, (result.as_of - HOUR, result.as_of), (0, 2 * result.as_of)]:
        rows = compared.query(
            f"""
            select
                store_id, {instants("started_at", "ended_at")}, {us(*FIGURES)},
                uptime_ratio, coverage_ratio
            from uptime_between(make_timestamp(?::bigint), make_timestamp(?::bigint))
            """,
            start,
            end,
        )
        expected = {
            store_id: (start, end, *as_columns(each))
            for store_id, each in window(result, start, end).items()
        }
        assert_same(rows, expected)


# Not earlier than that: a store's first poll settles the week before it.
@pytest.mark.parametrize("reach", [range(-WEEK, 0), range(1, DAY + 1)], ids=["past", "ahead"])
def test_period_uptime_as_of(compared: Compared, reach: range) -> None:
    """A report is that of a build which looks back from the same instant on the same polls."""
    result = compared.report
    as_of = result.as_of + random.Random(compared.scenario.name).choice(reach)
    polls, *others = compared.inputs[:5]
    known = [
        (store_id, status, "" if (instant(text) or 0) > result.as_of else text)
        for store_id, status, text in polls
    ]
    then = report_as_of(compared.scenario, (known, *others), as_of)
    expected = {
        (store_id, period): (
            as_of - PERIODS[period],
            as_of,
            *as_columns(each)[: len(SECONDS)],
        )
        for store_id, periods in then.stores.items()
        for period, each in periods.items()
    }
    rows = compared.query(
        f"""
        select
            store_id, period, {instants("started_at", "ended_at")},
            {us(*FIGURES[: len(SECONDS)])}
        from period_uptime_as_of(make_timestamp(?::bigint))
        """,
        as_of,
    )
    assert_same(rows, expected, keys=2)


def report_as_of(scenario: Scenario, rows: Iterable, as_of: int) -> Report:
    text = f"{EPOCH + timedelta(microseconds=as_of):%Y-%m-%d %H:%M:%S.%f}"
    return report(*rows, **{**scenario.policies, "as_of": text})
