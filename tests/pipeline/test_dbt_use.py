"""dbt as its users know it: own models that fail, edits, parts of builds, files that are moved."""

import json
import os
import re
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.pipeline.changing_folder import ChangingFolder
from tests.pipeline.warm_dbt import run_dbt

PROJECT = Path(__file__).parents[2]
NO_UNIT_TESTS = ("--exclude-resource-type", "unit_test")
NO_TESTS = ("--exclude-resource-type", "unit_test", "test")


class Analyst:
    """A copy of the project, with a folder of inputs and a DuckDB file of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        for folder in ("api", "loader", "macros", "models", "seeds", "tests/sql"):
            shutil.copytree(PROJECT / folder, path / folder)
        for file in ("dbt_project.yml", "profiles.yml"):
            shutil.copy(PROJECT / file, path)
        self.folder = ChangingFolder(path / "data", "dbt")
        self.db = "built/up.duckdb"

    def dbt(self, *options: str, **variables: Any) -> str:
        """Run dbt and return what it said; whether it succeeded shows there."""
        shutil.rmtree(self.path / "target/run", ignore_errors=True)
        given = ("--vars", json.dumps(variables)) if variables else ()
        environment = {"STORE_UPTIME_DATA": "data", "STORE_UPTIME_DB": self.db}
        _, said = run_dbt([*options, *given], environment, self.path)
        return said

    def build(self, *options: str, **variables: Any) -> str:
        said = self.dbt("build", *NO_TESTS, *options, **variables)
        assert "Completed successfully" in said, said[-2000:]
        return said

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.path / self.db), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def marks(self) -> dict[str, str]:
        """Return what each table is made of."""
        return dict(self.query("select name, made_of from build.marks"))

    def releases(self) -> int:
        return len(list((self.path / self.db).parent.glob("releases/*.duckdb")))

    def went_on(self) -> set[str]:
        """Return the tables into which the last run put only what had changed."""
        return {
            file.stem
            for file in (self.path / "target/run").rglob("*.sql")
            if re.search(r"insert into \S+ by name", file.read_text())
        }

    def rows(self, *tables: str) -> dict[str, Counter[str]]:
        return {name: Counter(map(str, self.query(f"from {name}"))) for name in tables}

    @contextmanager
    def from_nothing(self) -> Iterator[None]:
        """Put aside what was built, and put it back at the end; dbt has it all parsed."""
        folder = (self.path / self.db).parent
        kept = folder.rename(self.path / "kept")
        yield
        shutil.rmtree(folder)
        kept.rename(folder)

    def rows_of_fresh_build(self) -> dict[str, Counter[str]]:
        with self.from_nothing():
            self.build()
            return self.rows(*FIGURES)


# Each test leaves everything built.
@pytest.fixture(scope="module")
def analyst(tmp_path_factory: pytest.TempPathFactory) -> Analyst:
    analyst = Analyst(tmp_path_factory.mktemp("dbt") / "project")
    analyst.build()
    return analyst


GROWING = {
    "int_polls",
    "int_rejected_polls",
    "int_poll_minutes",
    "int_notable_polls",
    "int_store_timeline",
    "int_store_days",
}
FIGURES = ("store_report", "period_uptime", "store_timeline", "outages", "daily_store_uptime")


def test_an_own_mart_that_fails_costs_nothing_and_a_retry_publishes(analyst: Analyst) -> None:
    own = analyst.path / "models/marts/own.sql"
    own.write_text(
        "{{ config(contract={'enforced': false}) }} select no_such_column from {{ ref('outages') }}"
    )
    releases = analyst.releases()
    analyst.folder.next_hour()
    assert "no_such_column" in analyst.dbt("build", *NO_UNIT_TESTS)
    analyst.folder.next_hour()
    assert "no_such_column" in analyst.dbt("build", *NO_UNIT_TESTS)
    assert analyst.went_on() == GROWING
    assert analyst.releases() == releases

    own.write_text(
        "{{ config(contract={'enforced': false}) }} select count(*) as n from {{ ref('outages') }}"
    )
    said = analyst.dbt("retry")
    assert "Published release" in said, said[-2000:]
    own.unlink()
    assert analyst.rows(*FIGURES) == analyst.rows_of_fresh_build()


def test_a_test_that_fails_keeps_back_the_release_until_it_passes(analyst: Analyst) -> None:
    own = analyst.path / "tests/sql/assert_something.sql"
    own.write_text("select store_id from {{ ref('store_report') }} limit 1")
    releases = analyst.releases()
    analyst.folder.next_hour()
    assert "Got 1 result" in analyst.dbt("build", *NO_UNIT_TESTS)
    analyst.dbt("run")
    assert analyst.went_on() == GROWING
    assert analyst.releases() == releases

    own.write_text("select store_id from {{ ref('store_report') }} where false")
    said = analyst.dbt("test", "--select", "assert_something")
    assert "Published release" in said, said[-2000:]
    own.unlink()


def test_a_change_of_one_mart_recomputes_nothing_else(analyst: Analyst) -> None:
    loaded, marks = analyst.query("select file, loaded_at from input_files"), analyst.marks()
    [outages] = analyst.path.glob("models/marts/**/outages.sql")
    outages.write_text("-- Other words.\n" + outages.read_text())
    analyst.build()
    changed = {name for name, made_of in analyst.marks().items() if marks.get(name) != made_of}
    assert "outages" in changed
    assert not changed & {"int_polls", "int_notable_polls", "int_store_timeline", "period_uptime"}
    assert analyst.went_on() == GROWING
    assert analyst.query("select file, loaded_at from input_files") == loaded


def test_a_change_of_a_rule_recomputes_what_stands_on_it(analyst: Analyst) -> None:
    marks = analyst.marks()
    [rule] = [
        path
        for path in analyst.path.glob("macros/**/*.sql")
        if "macro closing_us" in path.read_text()
    ]
    text = rule.read_text()
    rule.write_text(text.replace("then 86400000000", "then 86340000000"))
    analyst.build()
    changed = {name for name, made_of in analyst.marks().items() if marks.get(name) != made_of}
    assert changed >= {"stg_business_hours", "int_store_timeline", "int_store_days", "store_report"}
    assert not changed & {
        "int_polls",
        "int_notable_polls",
        "int_rejected_polls",
        "int_known_stores",
    }
    assert analyst.went_on() == GROWING - {"int_store_timeline", "int_store_days"}
    assert analyst.rows(*FIGURES) == analyst.rows_of_fresh_build()
    rule.write_text(text)
    analyst.build()


def test_a_changed_model_alone_publishes_nothing_until_all_is_current(analyst: Analyst) -> None:
    analyst.folder.next_hour()
    said = analyst.build("--select", "store_report")
    assert "Nothing is published" in said
    assert "Published release" in analyst.build()


def test_an_experiment_is_published_under_its_own_name(analyst: Analyst) -> None:
    folder = (analyst.path / analyst.db).parent
    pointer, link = (folder / "current.json").read_text(), os.readlink(folder / "current.duckdb")
    loaded, releases = analyst.query("select file, loaded_at from input_files"), analyst.releases()
    ordinary = analyst.rows(*FIGURES)
    said = analyst.build(max_poll_gap=1, status_before_first_poll="unknown")
    assert "under its own name" in said
    assert analyst.releases() == releases + 1
    assert (folder / "current.json").read_text() == pointer
    assert os.readlink(folder / "current.duckdb") == link
    assert analyst.rows(*FIGURES) != ordinary
    analyst.build()
    assert analyst.query("select file, loaded_at from input_files") == loaded
    assert analyst.rows(*FIGURES) == ordinary


def test_a_moved_project_and_a_renamed_warehouse_read_no_file_again(
    analyst: Analyst, tmp_path: Path
) -> None:
    loaded = analyst.query("select file_key, loaded_at from input_files order by all")
    moved = object.__new__(Analyst)
    moved.path, moved.folder, moved.db = tmp_path / "it's moved", analyst.folder, analyst.db
    shutil.copytree(analyst.path, moved.path, symlinks=True)
    shutil.rmtree(moved.path / "target")
    # The folder of the copy is another one; what was there is gone as far as the copy is concerned.
    # Aliases of the views end like this name.
    (moved.path / "built/up.duckdb").rename(moved.path / "built/s.duckdb")
    moved.db = "built/s.duckdb"
    said = moved.build()
    assert "Published release" in said
    assert moved.query("select file_key, loaded_at from input_files order by all") == loaded
    assert moved.went_on() == GROWING
    with duckdb.connect(str(moved.path / "built/current.duckdb"), read_only=True) as current:
        assert current.execute("select count(*) from store_groups").fetchone() != (0,)
        assert current.execute(
            "select count(*) from uptime_between('2024-01-01', '2030-01-01')"
        ).fetchone()


def test_a_full_build_and_an_empty_one_leave_the_next_one_right(analyst: Analyst) -> None:
    """Behind an empty one all is worked out anew."""
    releases = analyst.releases()
    analyst.folder.next_hour()
    assert "Published release" in analyst.build("--full-refresh")
    analyst.folder.next_hour()
    analyst.build()
    assert analyst.went_on() == GROWING
    behind_full_one = analyst.rows(*FIGURES)
    assert "Published" not in analyst.build("--empty")
    assert analyst.releases() == releases + 2
    analyst.build()
    assert analyst.rows(*FIGURES) == behind_full_one


def test_a_build_with_a_sample_of_rows_publishes_nothing(analyst: Analyst) -> None:
    own = analyst.path / "models/marts/timed.sql", analyst.path / "models/marts/counted.sql"
    config = "{{ config(contract={'enforced': false}, event_time='started_at') }}"
    own[0].write_text(config + " select * from {{ ref('outages') }}")
    own[1].write_text(config + " select count(*) as n from {{ ref('timed') }}")
    analyst.build()
    releases, counted = analyst.releases(), analyst.rows("counted")
    assert "Published" not in analyst.build("--sample", "1 day", "--select", "timed", "counted")
    assert analyst.rows("counted") != counted
    assert "Nothing is published" in analyst.build("--select", "stores")
    assert analyst.releases() == releases
    assert "Published release" in analyst.build("--select", "timed", "counted")
    assert analyst.rows("counted") == counted
    for path in own:
        path.unlink()


def test_commands_that_build_nothing_work_on_a_fresh_file(analyst: Analyst) -> None:
    with analyst.from_nothing():
        said = analyst.dbt("test", *NO_UNIT_TESTS)
        assert "built/up.duckdb has nothing to test so far; dbt build comes first." in said
        assert "Encountered an error" not in analyst.dbt("compile")
        assert "Catalog written" in analyst.dbt("docs", "generate")
        assert "Completed successfully" in analyst.dbt("seed")
        assert "Completed successfully" in analyst.dbt("run")
        assert "Completed successfully" in analyst.dbt("test", *NO_UNIT_TESTS)
