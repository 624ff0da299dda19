"""The table functions for any window, compared with the models and with builds of that instant."""

from pathlib import Path

import duckdb
import pytest

SAMPLE = Path(__file__).parents[2] / "seeds"
# The last one is a day after the newest poll.
INSTANTS = (
    "2026-03-04 05:30:00.000001",
    "2026-03-12 06:54:03.21",
    "2026-03-13 18:13:22",
)
SECONDS = ("business", "uptime", "downtime", "unknown", "confirmed")


@pytest.fixture(scope="module")
def release(sample_release: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(str(sample_release), read_only=True)
    connection.execute("set TimeZone = 'UTC'")
    return connection


def test_the_window_of_a_period_has_the_figures_of_the_period(
    release: duckdb.DuckDBPyConnection,
) -> None:
    periods = release.execute(
        "select distinct period, started_at, ended_at from period_uptime"
    ).fetchall()
    assert len(periods) == 3
    for period, started_at, ended_at in periods:
        rows = release.execute(
            "from uptime_between(?, ?) order by store_id", [started_at, ended_at]
        ).fetchall()
        expected = release.execute(
            "select * exclude (period, polls) from period_uptime where period = ? order by all",
            [period],
        ).fetchall()
        assert rows
        assert rows == expected


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kathmandu"])
@pytest.mark.parametrize(
    "start",
    [
        "timestamp '2026-03-10 18:30:00.000001'",
        "timestamptz '2026-03-10 18:30:00.000001+00'",
        "'2026-03-10 20:30:00.000001+02'",
        "'2026-03-10T18:30:00.000001Z'",
        "' 2026-03-10 18:30:00.000001 '",
    ],
)
def test_the_zone_of_the_session_moves_no_window(
    sample_release: Path, zone: str, start: str
) -> None:
    with duckdb.connect(str(sample_release), read_only=True) as connection:
        connection.execute(f"set TimeZone = '{zone}'")
        found = connection.execute(
            f"select distinct started_at::varchar, ended_at::varchar from "
            f"uptime_between({start}, '2026-03-12 00:00')"
        ).fetchall()
        explained = connection.execute(
            f"select max(ended_at)::varchar from explain_uptime("
            f"'1000000000000000012', {start}, date '2026-03-12') where kind = 'window'"
        ).fetchall()
    assert found == [("2026-03-10 18:30:00.000001", "2026-03-12 00:00:00")]
    assert explained == [("2026-03-12 00:00:00",)]


def test_a_window_split_anywhere_adds_up(release: duckdb.DuckDBPyConnection) -> None:
    sums = ", ".join(
        f"cast(sum(cast({name}_seconds as decimal(30, 6))) as varchar)" for name in SECONDS
    )
    bounds = ("2026-02-25 01:02:03", "2026-03-08 07:59:59.999999", "2026-03-11 18:00:00")

    def total(*windows: tuple[str, str]) -> tuple:
        union = " union all ".join(
            f"select * from uptime_between(timestamp '{from_at}', timestamp '{to_at}')"
            for from_at, to_at in windows
        )
        return release.execute(f"select {sums} from ({union})").fetchone()

    whole = total((bounds[0], bounds[2]))
    assert float(whole[0]) > 0
    assert total(bounds[:2], bounds[1:]) == whole


@pytest.mark.parametrize("instant", INSTANTS)
def test_a_historic_report_is_what_a_build_of_that_instant_tells(
    release: duckdb.DuckDBPyConnection, build, instant: str
) -> None:
    """Of the last day all is told, before that what depends on polls that are not kept is null."""
    historic = f"_as_of(timestamp '{instant}') order by store_id"
    told = {
        name: release.execute(f"from {name}{historic}").fetchall()
        for name in ("store_report_minutes", "store_report_mixed")
    }
    told_of_all = {
        name: release.execute(f"from {name}{historic}").fetchall()
        for name in ("store_report_minutes_all", "store_report_mixed_all", "period_uptime")
    }
    with duckdb.connect(str(build(SAMPLE, as_of=instant)), read_only=True) as connection:
        for name, rows in told.items():
            expected = connection.execute(f"from {name} order by store_id").fetchall()
            assert expected
            assert rows == expected
        for name, rows in told_of_all.items():
            expected = connection.execute(f"from {name} order by store_id").fetchall()
            assert len(expected) == len(rows)
            unknown = 0
            for row, expected_row in zip(
                sorted(rows, key=str), sorted(expected, key=str), strict=True
            ):
                unknown += sum(
                    value is None and other is not None
                    for value, other in zip(row, expected_row, strict=True)
                )
                assert row == tuple(
                    None if value is None else other
                    for value, other in zip(row, expected_row, strict=True)
                )
            assert (unknown > 0) == (instant < "2026-03-11 18:13:22")


@pytest.mark.parametrize("name", ["period_uptime", "store_report_mixed_all"])
@pytest.mark.parametrize("instant", ["2026-02-25 00:00:00", "2026-03-13 18:13:23"])
def test_a_historic_report_of_no_time_with_polls_is_refused(
    release: duckdb.DuckDBPyConnection, name: str, instant: str
) -> None:
    """A build would tell of business time there that the timeline does not have."""
    with pytest.raises(duckdb.InvalidInputException, match=f"UTC, {instant} is outside"):
        release.execute(f"from {name}_as_of('{instant}')").fetchall()


def test_a_report_of_the_day_ahead_knows_the_hours_of_that_day(build, tmp_path: Path) -> None:
    """As of Sunday 07:00 in Auckland (UTC+13); of the day ahead, 17 hours are still Sunday's.

    From Monday on `new` opens at 06:30, so that it is open for half an hour more until 07:00;
    `holiday` is closed that day, and `same` is open for all 24 hours.
    """
    days = range(7)
    (tmp_path / "business_hours.csv").write_text(
        "store_id,dayOfWeek,start_time_local,end_time_local,valid_from,valid_to\n"
        + "".join(f"new,{day},00:00,24:00,,2026-01-11\n" for day in days)
        + "".join(f"new,{day},06:30,24:00,2026-01-12,\n" for day in days)
    )
    (tmp_path / "special_hours.csv").write_text(
        "store_id,local_date,opening,closing,closed\nholiday,2026-01-12,,,true\n"
    )
    (tmp_path / "timezones.csv").write_text(
        "store_id,timezone_str\n"
        + "".join(f"{store},Pacific/Auckland\n" for store in ("holiday", "new", "same"))
    )
    (tmp_path / "store_status.csv").write_text(
        "store_id,status,timestamp_utc\nsame,active,2026-01-10 18:00:00 UTC\n"
    )
    with duckdb.connect(str(build(tmp_path)), read_only=True) as connection:
        told = connection.execute(
            "select store_id, business_seconds / 3600, uptime_seconds / 3600 "
            "from period_uptime_as_of('2026-01-11 18:00') where period = 'last_day' order by 1"
        ).fetchall()
    assert told == [("holiday", 17, 0), ("new", 17.5, 0), ("same", 24, 24)]


def test_what_is_behind_a_figure_adds_up_to_it(release: duckdb.DuckDBPyConnection) -> None:
    """Each store's clipped rows, for a window that begins and ends inside business hours."""
    window = ("2026-03-07 17:12:13.141516", "2026-03-11 16:00:00")
    figures = [
        *(f"{name}_seconds" for name in (*SECONDS, "excluded")),
        *("uptime_seconds_min", "uptime_seconds_max"),
    ]
    expected = release.execute(
        f"select store_id, {', '.join(figures)} from uptime_between(?, ?) order by store_id", window
    ).fetchall()
    assert len(expected) > 50
    for store_id, *seconds in expected:
        rows = release.execute(
            "select kind, figure, is_confirmed, seconds from explain_uptime(?, ?, ?)",
            [store_id, *window],
        ).fetchall()
        told = {figure: of for kind, figure, _, of in rows if kind == "figure"}
        assert told == dict(zip(figures, seconds, strict=True))
        added = dict.fromkeys(figures[:-2], 0)
        for kind, figure, is_confirmed, of in rows:
            if kind in ("window", "timeline"):
                added[figure] += round(of * 1e6)
                added["confirmed_seconds"] += round(of * 1e6) if is_confirmed else 0
        assert added == {name: round(told[name] * 1e6) for name in added}


def test_polls_and_runs_reach_to_the_next_ones_outside(
    release: duckdb.DuckDBPyConnection,
) -> None:
    """Down from 17:30 to 18:00: the polls around 17:00 to 17:45 settle it."""
    rows = release.execute(
        """
        select kind, strftime(started_at, '%H:%M'), strftime(ended_at, '%H:%M'), status, seconds
        from explain_uptime('1000000000000000001', '2026-03-12 16:30', '2026-03-12 17:45')
        where kind <> 'figure'
        """
    ).fetchall()
    assert rows == [
        ("window", "16:30", "17:45", None, 4500),
        ("poll", "16:00", None, "active", None),
        ("poll", "17:00", None, "active", None),
        ("poll", "17:30", None, "inactive", None),
        ("poll", "18:00", None, "active", None),
        ("run", "16:00", "17:00", "active", None),
        ("run", "17:30", "17:30", "inactive", None),
        ("run", "18:00", "18:00", "active", None),
        ("timeline", "16:30", "17:00", "up", 1800),
        ("timeline", "17:00", "17:30", "up", 1800),
        ("timeline", "17:30", "17:45", "down", 900),
    ]


def test_an_old_window_is_explained_without_polls(release: duckdb.DuckDBPyConnection) -> None:
    """Polls are kept from 192 hours before `as_of`, 2026-03-04 18:13:22."""
    kinds = release.execute(
        """
        select distinct kind
        from explain_uptime('1000000000000000001', '2026-03-02', '2026-03-04 18:13:22')
        order by kind
        """
    ).fetchall()
    assert kinds == [("figure",), ("run",), ("timeline",), ("window",)]


def test_the_poll_in_force_is_told_however_old(release: duckdb.DuckDBPyConnection) -> None:
    """The store was last polled in the morning of 2026-03-04, before the polls that are kept."""
    [last_poll] = release.execute(
        "select last_polled_at, last_status from stores where store_id = '1000000000000000025'"
    ).fetchall()
    rows = release.execute(
        """
        select started_at, status
        from explain_uptime('1000000000000000025', '2026-03-11', '2026-03-12')
        where kind = 'poll'
        """
    ).fetchall()
    assert rows == [last_poll]
    assert f"{last_poll[0]}" < "2026-03-04 18:13:22"


def test_a_store_that_is_not_there_has_no_rows(release: duckdb.DuckDBPyConnection) -> None:
    rows = release.execute("from explain_uptime('nobody', '2026-03-02', '2026-03-04')").fetchall()
    assert not rows


def test_groups_of_a_window_are_sums_of_its_stores(release: duckdb.DuckDBPyConnection) -> None:
    window = ["2026-03-10 18:30:00.000001", "2026-03-12"]
    seconds = (*SECONDS, "excluded")
    sums = ", ".join(
        f"sum(cast({name}_seconds as decimal(18, 6)))::decimal(24, 6) as {name}_seconds"
        for name in seconds
    )
    expected = release.execute(
        f"select timezone, count(*), {sums} from uptime_between(?, ?) "
        "inner join stores using (store_id) where timezone <> 'UTC' group by all order by all",
        window,
    ).fetchall()
    names = ", ".join(f"{name}_seconds" for name in seconds)
    found = release.execute(
        f"""
        select value, stores, {names}, uptime_ratio, coverage_ratio
        from group_uptime_between(?, ?, (
            select list({{'store_id': store_id, 'value': timezone}})
            from stores
            where timezone <> 'UTC'
        ))
        order by value
        """,
        window,
    ).fetchall()
    assert len(found) > 2
    assert [row[:-2] for row in found] == expected
    for _, _, business, up, down, _, confirmed, excluded, uptime_ratio, coverage_ratio in found:
        known, counted = up + down, business - excluded
        assert uptime_ratio == (pytest.approx(float(up / known)) if known else None)
        assert coverage_ratio == (pytest.approx(float(confirmed / counted)) if counted else None)
