"""dbt's own tests of the models, and what their YAML files say of them."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from tests.pipeline.warm_dbt import run_dbt

PROJECT = Path(__file__).parents[2]
SQL_FILES = sorted(PROJECT.glob("models/*/**/*.sql"))
DATA_TESTS = sorted(PROJECT.glob("tests/sql/*.sql"))
# DuckDB names the database by its file, and this name needs quotes.
FILE = "store-uptime 2.duckdb"
# None is the default.
OTHER_POLICY = {
    "as_of": "2026-03-10 12:00:00",
    "default_timezone": "UTC",
    "closes_at_midnight_from": "24:00:00",
    "status_before_first_poll": "inactive",
    "status_when_never_polled": "active",
    "max_poll_gap": 3,
    "exclusions": "ignore",
}
# What the data tests find, one statement for each.
NO_TIMELINE = "delete from intermediate.int_store_timeline"
NO_PERIODS = "delete from period_uptime"
FIRST_STORE = "store_id = (select min(store_id) from period_uptime)"
DAMAGES = {
    "assert_bounds_contain_every_policy": [
        NO_PERIODS,
        "update period_uptime set uptime_seconds_max = uptime_seconds_min - 1",
        "update period_uptime set excluded_seconds = 1 where period = 'last_week'",
        "delete from intermediate.int_store_keys where store_key = 1",
    ],
    "assert_bounds_contain_the_uptime": [
        NO_PERIODS,
        f"update period_uptime set uptime_seconds_min = uptime_seconds + 1 where {FIRST_STORE}",
        f"update period_uptime set uptime_seconds_max = uptime_seconds - 1 where {FIRST_STORE}",
    ],
    "assert_days_add_up": [
        NO_TIMELINE,
        "delete from intermediate.int_store_days where store_key = 1",
        "update intermediate.int_store_days set unknown_us = uptime_us, uptime_us = null",
        "update intermediate.int_store_days set store_key = 3 - store_key where store_key < 3",
        "update intermediate.int_outages set store_key = 1",
        "delete from intermediate.int_outages",
    ],
    "assert_days_of_groups_add_up": [
        "delete from daily_group_uptime",
        "delete from daily_group_uptime where date = '2026-03-10' and value = 'Pizza'",
        "delete from intermediate.int_store_days where store_key = 1",
        "update daily_group_uptime set downtime_seconds = downtime_seconds + 0.000001",
        "update daily_group_uptime set date = date + 1",
        NO_TIMELINE,
        "delete from intermediate.int_store_groups",
    ],
    "assert_every_store_is_reported": [
        "delete from intermediate.int_store_keys",
        f"delete from store_report where {FIRST_STORE}",
        f"delete from period_uptime where period = 'last_hour' and {FIRST_STORE}",
    ],
    "assert_fleet_periods_add_up": [
        "delete from fleet_periods",
        "delete from fleet_periods where value = 'Pizza' and period = 'week_before'",
        "update fleet_periods set stores = stores + 1 where attribute = 'all'",
        "update fleet_periods set uptime_seconds = uptime_seconds + 0.00001 where value = 'Pizza'",
        "update fleet_periods set most_uptime_seconds = 0",
        "delete from intermediate.int_week_before where store_key = 1",
    ],
    "assert_groups_add_up": [
        NO_PERIODS,
        "delete from intermediate.int_store_groups where store_key = 1 and attribute = 'timezone'",
    ],
    "assert_hours_of_the_week_add_up": [
        NO_TIMELINE,
        "delete from intermediate.int_store_offsets where store_key = 1",
    ],
    "assert_hours_of_groups_add_up": [
        NO_TIMELINE,
        f"{NO_TIMELINE} where store_key = 1",
        "delete from group_hour_of_week",
        "delete from group_hour_of_week where day_of_week = 3 and hour = 3 and value = 'Pizza'",
        "update group_hour_of_week set confirmed_seconds = 0 where value = 'Pizza'",
    ],
    "assert_parts_of_a_window_add_up": [
        NO_TIMELINE,
        NO_PERIODS,
        f"{NO_TIMELINE} where store_key = 1",
        f"update period_uptime set excluded_seconds = 0.000001 where {FIRST_STORE}",
    ],
    "assert_periods_add_up": [
        NO_PERIODS,
        f"update period_uptime set uptime_seconds = uptime_seconds + 0.000001 where {FIRST_STORE}",
    ],
    "assert_rejected_rows_are_counted": [
        "delete from rejected_counts",
        "update rejected_counts set rows = rows + 1 where reason = 'bad_day'",
        "delete from rejected_rows where reason = 'bad_day'",
    ],
    "assert_the_board_adds_up": [
        "delete from store_board",
        f"delete from store_board where {FIRST_STORE}",
        f"insert into store_board from store_board where {FIRST_STORE}",
        "update store_board set week_downtime_share = week_downtime_share / 2",
        "update store_board set current_status = 'up' where current_status = 'down'",
        "delete from group_status",
        "delete from group_status where value = 'Pizza'",
        "update group_status set down = down + 1, up = up - 1 where value = 'Pizza'",
    ],
    "assert_the_week_is_the_timeline": [
        NO_PERIODS,
        f"{NO_TIMELINE} where store_key = 1",
    ],
    "assert_timeline_is_the_business_time": [
        NO_TIMELINE,
        f"{NO_TIMELINE} where store_key = 1",
        f"{NO_TIMELINE} where store_key = 1 and ended_us < 1773000000000000",
        "insert into intermediate.int_store_timeline from intermediate.int_store_timeline limit 1",
        "update intermediate.int_store_timeline "
        "set started_us = started_us - 1, ended_us = ended_us - 1 where store_key = 1",
        "update intermediate.int_store_timeline set ended_us = started_us where store_key = 1",
        "delete from intermediate.int_time_ahead where store_key = 1",
        "update intermediate.int_schedule_hours set closes_us = closes_us + 1",
        "delete from intermediate.int_store_schedules",
    ],
    "assert_zone_rules_cover_the_horizon": [
        "update rules.timezone_rules set valid_from = '2026-03-12 00:00:00'",
        "update rules.timezone_rules set valid_until = '2026-01-01 00:00:00'",
    ],
}
# Further columns of the input `stores` are whatever a file has; these are the sample's.
ATTRIBUTES = {"brand", "region"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run `dbt build` on the sample, and return where it wrote."""
    folder = tmp_path_factory.mktemp("sample")
    options = ["build", "--exclude-resource-type", "unit_test"]
    is_built, output = run_dbt(options, environment(folder / FILE), PROJECT)
    assert is_built, output
    return folder


def environment(file: Path) -> dict[str, str]:
    return {
        "STORE_UPTIME_DATA": "seeds",
        "STORE_UPTIME_DB": str(file),
        "DBT_TARGET_PATH": str(file.parent / "target"),
        "DBT_LOG_PATH": str(file.parent / "logs"),
    }


def described() -> Iterator[dict[str, Any]]:
    for path in sorted(PROJECT.glob("models/*/**/*.yml")):
        yield from yaml.safe_load(path.read_text(encoding="utf-8"))["models"]


def unit_tests() -> Iterator[dict[str, Any]]:
    for path in sorted(PROJECT.glob("models/*/**/*.yml")):
        yield from yaml.safe_load(path.read_text(encoding="utf-8")).get("unit_tests", [])


def test_all_data_tests_pass(folder: Path) -> None:
    results = json.loads((folder / "target/run_results.json").read_text())["results"]
    passed = sum(result["status"] == "pass" for result in results)
    of_columns = [
        test
        for model in described()
        for column in model["columns"]
        for test in column.get("data_tests", [])
    ]
    assert passed == len(DATA_TESTS) + len(of_columns)


def test_build_without_rows_succeeds_and_publishes_nothing(tmp_path: Path) -> None:
    options = ["build", "--empty", "--exclude-resource-type", "unit_test"]
    is_built, output = run_dbt(options, environment(tmp_path / "store_uptime.duckdb"))
    assert is_built, output
    assert not (tmp_path / "releases").exists()


@pytest.mark.parametrize(
    ("name", "damage"), [(name, damage) for name in DAMAGES for damage in DAMAGES[name]]
)
def test_data_test_fails_on_damaged_tables(
    folder: Path, tmp_path: Path, name: str, damage: str
) -> None:
    shutil.copy(folder / FILE, tmp_path)
    test = (folder / "target/compiled/store_uptime/tests/sql" / f"{name}.sql").read_text()
    with duckdb.connect(str(tmp_path / FILE)) as damaged:
        damaged.execute("set timezone = 'UTC'")
        assert not damaged.execute(test).fetchall()
        damaged.execute(damage)
        assert damaged.execute(test).fetchall()


def test_every_data_test_is_seen_to_fail() -> None:
    assert set(DAMAGES) == {path.stem for path in DATA_TESTS}


def test_every_model_has_a_yaml_file_beside_it() -> None:
    assert SQL_FILES
    for path in SQL_FILES:
        assert path.with_suffix(".yml").exists(), path


def test_every_description_says_what_a_row_is() -> None:
    models = list(described())
    assert len(models) == len(SQL_FILES)
    for model in models:
        last_sentence = model["description"].strip().rstrip(".").split(". ")[-1]
        assert "One row" in last_sentence, model["name"]


def test_every_column_is_described_in_its_order(folder: Path) -> None:
    with duckdb.connect(str(folder / FILE), read_only=True) as connection:
        rows = connection.execute("""
            select table_name, list(column_name order by ordinal_position)
            from information_schema.columns
            where table_schema in ('staging', 'intermediate', 'main')
            group by table_name
        """).fetchall()
    built = dict(rows)
    assert built
    for model in described():
        columns = model["columns"]
        names = [name for name in built[model["name"]] if name not in ATTRIBUTES]
        assert [column["name"] for column in columns] == names, model["name"]
        assert all(column["description"] for column in columns)


def test_every_test_is_named() -> None:
    for model in described():
        for column in model["columns"]:
            for test in column.get("data_tests", []):
                [settings] = test.values()
                assert settings["name"].startswith(f"{model['name']}__")
    for test in unit_tests():
        assert test["name"].startswith(f"{test['model']}__")
    assert all(path.stem.startswith("assert_") for path in DATA_TESTS)


def test_unit_tests_pass_whatever_the_policy(sample_warehouse: Path, tmp_path: Path) -> None:
    """Each gives the vars that it depends on: it passes where all have another value."""
    file = Path(shutil.copy(sample_warehouse, tmp_path))
    options = ["test", "--select", "test_type:unit", "--vars", json.dumps(OTHER_POLICY)]
    has_passed, output = run_dbt(options, environment(file))
    assert has_passed, output
    assert output.count(" PASS ") == len(list(unit_tests()))


def test_part_of_a_build_runs_the_data_tests_that_it_has_the_tables_for(tmp_path: Path) -> None:
    options = ["build", "--exclude-resource-type", "unit_test", "--select", "+store_report"]
    is_built, output = run_dbt(options, environment(tmp_path / "store_uptime.duckdb"))
    assert is_built, output
    assert "PASS assert_every_store_is_reported" in output
    assert "assert_days_add_up" not in output
    assert "Nothing is published" in output
