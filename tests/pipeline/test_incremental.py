"""After any sequence of builds the tables are those of one fresh build on the same folder.

The sequences are random, one for each seed. `STORE_UPTIME_TEST_SEEDS` names the seeds, such as
`0-19`, and `STORE_UPTIME_TEST_STEPS` says in how many builds all changes come; see
`make test-sequences`.
"""

import json
import os
import random
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb
import pytest

from loader.load import load
from tests.conftest import SEEDS
from tests.pipeline.changing_folder import CHANGES, DAY, HOUR, ChangingFolder
from tests.pipeline.warm_dbt import run_dbt

STEPS = int(os.environ.get("STORE_UPTIME_TEST_STEPS", "3"))

# The tables for people; others that come to stand beside them in `main` are compared as well.
TABLES = {"store_report", "period_uptime", "store_timeline", "stores", "rejected_rows"}

# What somebody may build alone, from an IDE for instance.
PARTS = (
    "int_polls",
    "+int_polls",
    "int_known_stores",
    "int_notable_polls",
    "+int_horizon",
    "int_store_schedules",
    "int_store_timeline",
    "+int_store_timeline",
    "int_store_days",
    "int_store_days+",
    "int_store_keys+",
    "int_status_runs+",
    "staging",
    "stores",
    "1+period_uptime",
    "+store_report",
    "resource_type:seed",
)

# Rows as text, since some hold lists.
Tables = dict[str, Counter[str]]


class Warehouse:
    """A DuckDB file that is built again and again."""

    def __init__(self, folder: Path, data: Path) -> None:
        folder.mkdir()
        self.path = folder / "warehouse" / "store_uptime.duckdb"
        self.path.parent.mkdir()
        self._environment = {
            "STORE_UPTIME_DATA": str(data),
            "STORE_UPTIME_DB": str(self.path),
            "STORE_UPTIME_OUTPUT": str(folder / "output"),
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
        }

    def build(self, *options: str, **variables: Any) -> str:
        """Build and return what dbt said, or fail with it."""
        output = self.try_to_build(*options, **variables)
        assert "Completed successfully" in output, output
        return output

    def try_to_build(self, *options: str, **variables: Any) -> str:
        """Return what dbt said."""
        _, output = run_dbt(_build_options(*options, **variables), self._environment)
        return output

    def kill_at_line(self, last: int, **variables: Any) -> None:
        """Build until dbt has said so many lines."""
        run_dbt(_build_options(**variables), self._environment, killed_at_line=last)

    def build_anew(self, **variables: Any) -> None:
        """Remove the file and build."""
        for path in self.path.parent.glob("store_uptime.duckdb*"):
            path.unlink()
        self.build(**variables)

    def releases(self) -> list[Path]:
        """Return the releases, the oldest first."""
        return sorted(self.path.parent.glob("releases/*.duckdb"))

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.path), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def tables(self) -> Tables:
        """Return the rows of all tables in `main`, without keys, which mean nothing outside.

        And what a report of the next day would tell.
        """
        columns = self.query(
            """
            select table_name, string_agg('"' || column_name || '"', ', ' order by ordinal_position)
            from information_schema.columns
            where
                table_schema = 'main'
                and not ends_with(column_name, '_key')
                and column_name not in ('loaded_at', 'listed_us')
            group by table_name
            """
        )
        tables = {
            name: Counter(map(str, self.query(f"select {names} from main.{name}")))
            for name, names in columns
        }
        [(until,)] = self.query(
            "select make_timestamp(ahead_until_us) from intermediate.int_horizon"
        )
        ahead = self.query(f"from period_uptime_as_of(timestamp '{until}')")
        return tables | {"a day ahead": Counter(map(str, ahead))}


def _build_options(*options: str, **variables: Any) -> list[str]:
    excluded = ("--exclude-resource-type", "unit_test", "test")
    return ["build", "--vars", json.dumps(variables), *excluded, *options]


class Sequence:
    """Changes and builds at random, compared with fresh builds."""

    def __init__(self, folder: Path, seed: object) -> None:
        self.folder = ChangingFolder(folder / "data", seed)
        self.rng = random.Random(f"builds {seed}")
        self.built = Warehouse(folder / "built", self.folder.path)
        self.fresh = Warehouse(folder / "fresh", self.folder.path)
        self.log = [f"seed {seed}"]

    def change(self, *changes: Any) -> None:
        self.log.extend(change(self.folder) for change in changes)

    def build(self) -> None:
        self.log.append("-- build")
        self.built.build(**self.folder.variables)
        # Which row holds depends on when its file was seen first.
        load(self.folder.path, self.fresh.path.parent / "lake")

    def disturb(self, name: str) -> None:
        """Begin or do a build that is not a whole one; it may fail on files that are gone."""
        self.log.append(f"-- {name}")
        if name == "failed build":
            self.folder.put_file_without_status()
            output = self.built.try_to_build(**self.folder.variables)
            assert "no column status" in output, output
            self.folder.remove_file_without_status()
        elif name == "killed build":
            line = self.rng.randrange(5, 75)
            self.log.append(f"   at line {line}")
            self.built.kill_at_line(line, **self.folder.variables)
        elif name == "partial build":
            for selected in self.rng.sample(PARTS, 3):
                self.log.append(f"   of {selected}")
                self.built.try_to_build("--select", selected, **self.folder.variables)
        elif name == "empty build":
            self.built.try_to_build("--empty", **self.folder.variables)

    def compare(self) -> None:
        self.log.append("-- fresh build, compared")
        self.fresh.build_anew(**self.folder.variables)
        built, fresh = self.built.tables(), self.fresh.tables()
        assert built.keys() == fresh.keys() >= TABLES
        for name, rows in fresh.items():
            assert rows or name not in TABLES - {"rejected_rows"}, f"{name} is empty"
            extra, missing = built[name] - rows, rows - built[name]
            assert not extra and not missing, "\n".join(
                [
                    *self.log,
                    f"{name} has {extra.total()} rows too many, such as",
                    *sorted(extra)[:5],
                    f"and lacks {missing.total()}, such as",
                    *sorted(missing)[:5],
                ]
            )


@pytest.mark.parametrize("seed", SEEDS)
def test_any_sequence_of_builds_gives_the_tables_of_a_fresh_build(
    tmp_path: Path, seed: int
) -> None:
    sequence = Sequence(tmp_path, seed)
    sequence.build()

    changes = list(CHANGES)
    sequence.rng.shuffle(changes)
    for step in range(STEPS):
        sequence.change(*changes[step::STEPS], ChangingFolder.next_hour)
        sequence.build()
        if step % 2 or step == STEPS - 1:
            sequence.compare()

    for disturbances, then in (
        (("failed build", "killed build"), ()),
        (("empty build",), (ChangingFolder.changed_policy, ChangingFolder.changed_policy)),
    ):
        sequence.change(*sequence.rng.sample(CHANGES, 2))
        for disturbance in disturbances:
            sequence.disturb(disturbance)
        sequence.change(*then)
        sequence.build()
        sequence.compare()


def test_hours_of_other_days_count_and_so_does_silence(tmp_path: Path) -> None:
    """Though the hours make the same week, and no poll came.

    A store that is polled in its hours only is silent for two of its days when it opens.
    """
    sequence = Sequence(tmp_path, "days")
    path, start = sequence.folder.path, sequence.folder.start
    overnight, limited = sequence.folder.stores[18:20]
    days = [(start + number * DAY).date() for number in range(7)]
    [tuesday] = [day for day in days if day.weekday() == 1]
    hours = path / "business_hours_days.csv"
    columns = "store_id,day,start_time_local,end_time_local,valid_from\n"
    same_weeks = "".join(
        f"{overnight},{day},00:00,24:00,\n{limited},{day},09:00,17:00,{days[3]}\n"
        f"silent,{day},00:30,12:30,\n"
        for day in range(7)
    )
    (path / "special_hours.csv").write_text(
        f"store_id,date,start_time_local,end_time_local\n{overnight},{tuesday},12:00,13:00\n"
    )
    hours.write_text(
        f"{columns}{same_weeks}{overnight},0,22:00,02:30,\n{limited},{days[1].weekday()},09:00,17:00,\n"
    )
    polls = [start + day * DAY + hour * HOUR for day in range(5) for hour in range(1, 13)]
    (path / "store_status_silent.csv").write_text(
        "store_id,status,timestamp_utc\n" + "".join(f"silent,active,{at}\n" for at in polls)
    )
    (path / "timezones_silent.csv").write_text("store_id,timezone_str\nsilent,UTC\n")
    sequence.build()
    hours.write_text(columns + same_weeks)
    sequence.folder.next_hour()
    sequence.build()
    sequence.compare()
    found = sequence.built.query(
        "select current_status from current_status where store_id = 'silent'"
    )
    assert found == [("not heard from",)]


def test_an_ordinary_hour_costs_an_hour(tmp_path: Path) -> None:
    """Only the new file is read, and what happened before the last polls stays untouched."""
    folder = ChangingFolder(tmp_path / "data", "hour")
    # A first poll settles a week: leave out the stores that were never polled.
    folder.stores = sorted({row[0] for file in folder.polls.values() for row in file.rows})
    set_aside = folder.path / "store_status_set_aside.csv"
    set_aside.write_text(
        "store_id,status,timestamp_utc\n"
        f" ,active,{folder.start}\n ,active,2036-12-24 12:00\nalone,broken,{folder.start}\n"
    )
    os.utime(set_aside, (0, 0))
    warehouse = Warehouse(tmp_path / "built", folder.path)
    warehouse.build()
    before = warehouse.query(POLLS), warehouse.query(TIMELINE)
    [(as_of_us,)] = warehouse.query("select as_of_us from intermediate.int_horizon")
    said = folder.next_hour()
    warehouse.build()
    polls, timeline = warehouse.query(POLLS), warehouse.query(TIMELINE)

    name = said.rpartition(" ")[2]
    [(file_key,)] = warehouse.query(
        f"select file_key from input_files where parse_filename(file) = '{name}'"
    )
    new_polls = polls[len(before[0]) :]
    assert polls == before[0] + new_polls
    assert len(new_polls) == len(folder.polls[name].rows)
    assert {poll[0] for poll in new_polls} == {file_key}

    # Stores are polled at least every 1.3 hours.
    [(from_us,)] = warehouse.query(
        "select min(from_us) from build.dirty_stores where reader = 'int_store_timeline'"
    )
    assert as_of_us - 2 * 3_600_000_000 < from_us <= as_of_us
    kept = [stretch for stretch in before[1] if stretch[1] < from_us]
    assert len(kept) > len(before[1]) // 2
    assert [stretch for stretch in timeline if stretch[1] < from_us] == kept


def test_a_part_of_a_build_is_that_of_an_empty_file(tmp_path: Path) -> None:
    """Whatever was built before, by another policy and from other files."""
    folder = ChangingFolder(tmp_path / "data", "part")
    built = Warehouse(tmp_path / "built", folder.path)
    fresh = Warehouse(tmp_path / "fresh", folder.path)
    part = "--select", "+store_report", "+store_timeline", "+rejected_rows", "+outages"
    policy = {"max_poll_gap": 1, "status_before_first_poll": "unknown"}
    folder.rejected_polls()
    built.build()
    folder.next_hour()
    folder.changed_hours()
    built.build(*part, **policy)
    fresh.build(*part, **policy)
    for name in ("store_report", "period_uptime", "store_timeline", "outages", "rejected_rows"):
        rows = Counter(map(str, fresh.query(f"select * from {name}")))
        assert rows
        assert Counter(map(str, built.query(f"select * from {name}"))) == rows, name


def test_parts_in_any_order_end_in_the_tables_of_a_whole_build(tmp_path: Path) -> None:
    sequence = Sequence(tmp_path, "parts")
    sequence.build()
    sequence.change(ChangingFolder.next_hour, *sequence.rng.sample(CHANGES, 3))
    for variables in ({}, {"max_poll_gap": 1}, {}):
        sequence.folder.variables = variables
        sequence.disturb("partial build")
        sequence.change(ChangingFolder.next_hour)
    sequence.build()
    sequence.compare()


# In the order in which they were written, so that rows written anew come behind all others.
POLLS = """
    select file_key, store_key, polled_us, is_active
    from intermediate.int_polls
    order by rowid
"""
TIMELINE = """
    select store_key, ended_us, started_us, status, is_confirmed
    from intermediate.int_store_timeline
    order by rowid
"""
