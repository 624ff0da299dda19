"""The table functions for any window, compared with the models and with builds of that instant."""

from pathlib import Path

import duckdb
import pytest

SAMPLE = Path(__file__).parents[2] / "seeds"
INSTANTS = ("2026-03-04 05:30:00.000001", "2026-03-10 12:00:00")
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
    with duckdb.connect(str(build(SAMPLE, as_of=instant)), read_only=True) as connection:
        for name in ("store_report_minutes", "store_report_mixed"):
            expected = connection.execute(f"from {name} order by store_id").fetchall()
            historic = release.execute(
                f"from {name}_as_of(timestamp '{instant}') order by store_id"
            ).fetchall()
            assert expected
            assert historic == expected
