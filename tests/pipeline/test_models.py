"""dbt's own tests of the models, and what their YAML files say of them."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

PROJECT = Path(__file__).parents[2]
SQL_FILES = sorted(PROJECT.glob("models/*/*.sql"))
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
# Further columns of the input `stores` are whatever a file has; these are the sample's.
ATTRIBUTES = {"brand", "region"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run `dbt build` on the sample, unit tests included, and return where it wrote."""
    folder = tmp_path_factory.mktemp("sample")
    run_dbt(folder, "build")
    return folder


def run_dbt(folder: Path, *arguments: str) -> None:
    environment = os.environ | {
        "STORE_UPTIME_DATA": "seeds",
        "STORE_UPTIME_DB": str(folder / FILE),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
    }
    dbt = Path(sys.executable).with_name("dbt")
    run = subprocess.run(
        [dbt, *arguments], cwd=PROJECT, env=environment, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout


def described() -> Iterator[dict[str, Any]]:
    for path in sorted(PROJECT.glob("models/*/*.yml")):
        yield from yaml.safe_load(path.read_text(encoding="utf-8"))["models"]


def test_all_tests_of_the_models_pass(folder: Path) -> None:
    results = json.loads((folder / "target/run_results.json").read_text())["results"]
    passed = Counter(
        result["unique_id"].partition(".")[0] for result in results if result["status"] == "pass"
    )
    assert passed["unit_test"] >= 22
    assert passed["test"] >= 8


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


def test_unit_tests_pass_whatever_the_policy(folder: Path) -> None:
    other = ["--vars", json.dumps(OTHER_POLICY), "--target-path", str(folder / "other")]
    run_dbt(folder, "test", "--select", "test_type:unit", *other)
