"""Spark and DuckDB agree on inputs made to hurt, under policies, when clocks change."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.pipeline.generated import SCENARIOS, inputs, write
from tests.spark.both import PROJECT, Both, InOneProcess

# All optional inputs; between them all that a policy var can be.
POLICIES: dict[str, dict[str, Any]] = {
    "northern spring": {"status_before_first_poll": "unknown", "monday_is": 0},
    "northern autumn": {"exclusions": "ignore", "status_when_never_polled": "inactive"},
    "southern spring": {},
    "every policy": {},
    "short poll gap": {"status_before_first_poll": "active"},
}
OF_FILES_AND_LINES = ("input_files", "rejected_rows", "rejected_counts")
NO_TESTS = ("--exclude-resource-type", "test")


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[InOneProcess]:
    folder = tmp_path_factory.mktemp("both")
    with InOneProcess(folder, folder / "data") as both:
        yield both


@pytest.mark.parametrize("name", POLICIES)
def test_generated_inputs(both: InOneProcess, name: str) -> None:
    [scenario] = [one for one in SCENARIOS if one.name == name]
    write(inputs(scenario), both.begin(), scenario.name)
    both.build(*NO_TESTS, **scenario.policies, **POLICIES[name])
    assert both.differing() == {}
    # Blanks of all kinds, quotes and backslashes are among the ids.
    ids = {store_id for (store_id,) in both.asked("spark", "select store_id from stores")}
    assert {"back\\slash", "O'Brien's \"Main Street\"", "two  blanks"} <= ids


def test_a_folder_of_polls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Polls lie in a folder of Parquet, many files in folders that name a partition."""
    both = Both(tmp_path, PROJECT / "seeds")
    both.load()
    both.build_by_duckdb(*NO_TESTS)
    polls = tmp_path / "polls"
    with duckdb.connect() as connection:
        connection.execute(f"""
            copy (
                select store_id, is_active, polled_us, polled_us // 604800000000 as week
                from '{tmp_path}/spark/lake/store_status/*.parquet'
                where set_aside_as is null
            ) to '{polls}' (format parquet, partition_by (week))
        """)
    assert len(list(polls.rglob("*.parquet"))) > 1
    monkeypatch.setenv("STORE_UPTIME_SPARK_POLLS", str(polls))
    both.build_on_spark(*NO_TESTS)
    # Of files and lines alone something else is told.
    differing = {what.split()[2] for what in both.differing()}
    assert differing == {f'main."{name}"' for name in OF_FILES_AND_LINES}
    counted = "select reason, count(*) from rejected_rows group by reason"
    assert both.asked("spark", counted) == both.asked("duckdb", counted)
    [(file, rows)] = both.asked(
        "spark", "select file, rows from input_files where input = 'store_status'"
    )
    assert (file, rows) == (str(polls), 17139)
