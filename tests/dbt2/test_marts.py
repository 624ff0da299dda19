"""dbt 2 makes the same marts as dbt-core, at first and after inputs have changed."""

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.pipeline.changing_folder import ChangingFolder

PROJECT = Path(__file__).parents[2]
DBT = Path(sys.executable).with_name("dbt")
DBT2 = Path(f"{sys.prefix}-dbt2", "bin", "dbt2")
# dbt 2 runs unit tests of incremental models only once their tables are there.
BUILD = ["build", "--exclude-resource-type", "unit_test"]
# Of the sample.
LAST_DAY = "2026-03-12"

Rows = list[tuple]


class Both:
    """A warehouse of each engine, and one folder with the inputs of both."""

    def __init__(self, folder: Path, data: Path) -> None:
        self._folder, self._data = folder, data

    def build(self) -> dict[str, tuple[Rows, Rows]]:
        """Build with each; return what each has in every mart: columns with their types, then rows.

        The lake is made once, so that a file is seen at the same time by both.
        """
        self._run([sys.executable, "-m", "loader", "load"], "dbt2")
        lake = self._folder / "core" / "lake"
        shutil.rmtree(lake, ignore_errors=True)
        shutil.copytree(self._folder / "dbt2" / "lake", lake)
        self._run([DBT2, *BUILD], "dbt2")
        self._run([DBT, *BUILD], "core")
        core, dbt2 = self._marts("core"), self._marts("dbt2")
        assert core.keys() == dbt2.keys()
        return {name: (rows, dbt2[name]) for name, rows in core.items()}

    def experiment(self, loaded: str, given: str) -> str:
        """Load for some vars and build with others by dbt 2; return what that printed."""
        self._run([sys.executable, "-m", "loader", "load", "--vars", loaded], "dbt2")
        done = self._done([DBT2, *BUILD, "--vars", given], "dbt2")
        return done.stdout

    def newest_of_dbt2(self) -> str:
        return (self._folder / "dbt2" / "current.json").read_text()

    def _environment(self, engine: str) -> dict[str, str]:
        folder = self._folder / engine
        return {
            "STORE_UPTIME_DATA": str(self._data),
            "STORE_UPTIME_DB": str(folder / "store_uptime.duckdb"),
            "STORE_UPTIME_OUTPUT": str(folder / "output"),
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
        }

    def _run(self, command: list[str | Path], engine: str) -> None:
        done = self._done(command, engine)
        assert done.returncode == 0, done.stdout

    def _done(self, command: list[str | Path], engine: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command,
            cwd=PROJECT,
            env=os.environ | self._environment(engine),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def _marts(self, engine: str) -> dict[str, Rows]:
        file = self._folder / engine / "store_uptime.duckdb"
        with duckdb.connect(str(file), read_only=True) as connection:
            connection.execute("set timezone = 'UTC'")
            names = connection.execute(
                "select table_name from information_schema.tables where table_schema = 'main'"
            ).fetchall()
            return {
                name: connection.execute(f'describe main."{name}"').fetchall()
                + connection.execute(f'select * from main."{name}" order by all').fetchall()
                for (name,) in names
            }


def assert_equal(marts: dict[str, tuple[Rows, Rows]]) -> None:
    assert "store_report" in marts
    assert {name for name, (core, dbt2) in marts.items() if core != dbt2} == set()


@pytest.fixture
def sample(tmp_path: Path) -> tuple[Both, Path]:
    """Offer the sample without the polls of its last day, and the file that brings them."""
    data = tmp_path / "data"
    data.mkdir()
    for file in (PROJECT / "seeds").glob("*.csv"):
        shutil.copy(file, data)
    polls = data / "store_status.csv"
    with polls.open(newline="") as lines:
        header, *rows = csv.reader(lines)
    instant = header.index("timestamp_utc")
    for name, arrived in (("store_status.csv", False), ("later.csv", True)):
        with (data / name).open("w", newline="") as lines:
            writer = csv.writer(lines)
            writer.writerow(header)
            writer.writerows(row for row in rows if row[instant].startswith(LAST_DAY) is arrived)
    return Both(tmp_path, data), data / "later.csv"


def test_the_sample_and_its_last_day(sample: tuple[Both, Path]) -> None:
    both, later = sample
    first = both.build()
    assert_equal(first)

    later.rename(later.with_name("store_status_later.csv"))
    then = both.build()
    assert_equal(then)
    assert then["store_report"] != first["store_report"]


def test_an_experiment_leads_nobody_to_it(sample: tuple[Both, Path]) -> None:
    both, _ = sample
    both.build()
    newest = both.newest_of_dbt2()
    policy = '{"max_poll_gap": 2}'
    assert f"python -m loader load --vars '{policy}' loads them for these" in both.experiment(
        "{}", policy
    )
    assert "under its own name: it is an experiment" in both.experiment(policy, policy)
    assert both.newest_of_dbt2() == newest


@pytest.mark.parametrize("seed", range(2))
def test_generated_inputs_that_change(tmp_path: Path, seed: int) -> None:
    folder = ChangingFolder(tmp_path / "data", f"dbt 2 {seed}")
    both = Both(tmp_path, folder.path)
    first = both.build()
    assert_equal(first)

    folder.next_hour()
    then = both.build()
    assert_equal(then)
    assert then["store_report"] != first["store_report"]

    folder.late_file()
    folder.corrected_file()
    folder.changed_hours()
    folder.changed_zone()
    folder.special_hours()
    folder.removed_store()
    assert_equal(both.build())
