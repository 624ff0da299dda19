"""Spark makes the same release as DuckDB, and the same marts of Parquet, also part by part."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.spark.both import PROJECT, InOneProcess

SPARK = ("--target", "spark")


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InOneProcess]:
    """Offer the sample, built by DuckDB, and on Spark but for one mart."""
    with InOneProcess(tmp_path_factory.mktemp("both"), PROJECT / "seeds") as both:
        both.load()
        both.build_by_duckdb()
        said = both.run_on_spark("build", *SPARK, "--exclude", "weekly_hours")
        assert "nothing to publish: weekly_hours is not current;" in said
        yield both


@pytest.fixture
def release(both: InOneProcess) -> Path:
    return both.folder / "spark" / "spark" / "release.json"


def test_the_sample(both: InOneProcess, release: Path) -> None:
    assert not release.exists()
    both.run_on_spark("build", *SPARK, "--select", "weekly_hours")
    both.publish()
    assert both.differing() == {}
    assert (both.folder / "spark/output/store_report.csv").read_text().count("\n") > 50
    # Functions of a release stand on its tables.
    [(as_of,)] = both.asked("spark", "select max(ended_at) - interval 5 hour from period_uptime")
    for function in (
        f"period_uptime_as_of(timestamp '{as_of}')",
        f"uptime_between(timestamp '{as_of}' - interval 30 hour, timestamp '{as_of}')",
    ):
        told = both.asked("duckdb", f"from {function}")
        assert told
        assert both.asked("spark", f"from {function}") == told


def test_rows_are_shown_as_duckdb_is_asked(both: InOneProcess) -> None:
    asked = "select max(store_id) as id from {{ ref('stores') }} where regexp_full_match(store_id, "
    said = both.run_on_spark("show", *SPARK, "--inline", f"{asked} 'c.*')")
    assert "| c0a80164-1d3b-4e6... |" in said
    with pytest.raises(AssertionError, match="no rule says what this is on Spark: levenshtein"):
        both.run_on_spark("show", *SPARK, "--inline", "select levenshtein('a', 'b')")


def test_tables_of_two_policies_are_not_published(both: InOneProcess, release: Path) -> None:
    given = ("--vars", "{max_poll_gap: 3}")
    said = both.run_on_spark("run", *SPARK, *given, "--select", "weekly_hours")
    assert "There is nothing to publish: " in said
    assert not release.exists()
