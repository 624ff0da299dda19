"""Spark makes the same release as DuckDB, and the same marts of Parquet."""

from pathlib import Path

from tests.spark.both import PROJECT, Both


def test_the_sample(tmp_path: Path) -> None:
    both = Both(tmp_path, PROJECT / "seeds")
    both.build()
    assert both.differing() == {}
    assert (tmp_path / "spark" / "output" / "store_report.csv").read_text().count("\n") > 50
    # Functions of a release stand on its tables.
    [(as_of,)] = both.asked("spark", "select max(ended_at) - interval 5 hour from period_uptime")
    for function in (
        f"period_uptime_as_of(timestamp '{as_of}')",
        f"uptime_between(timestamp '{as_of}' - interval 30 hour, timestamp '{as_of}')",
    ):
        told = both.asked("duckdb", f"from {function}")
        assert told
        assert both.asked("spark", f"from {function}") == told
