"""What the tests of the pipeline share: how to build a warehouse out of the way of the checkout."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import Once
from tests.pipeline.generated import SCENARIOS, Inputs, Scenario, inputs, write
from tests.pipeline.reference import Report, report
from tests.pipeline.reference_marts import Groups, Target, groups, read_targets
from tests.pipeline.warm_dbt import run_dbt

PROJECT = Path(__file__).parents[2]

Build = Callable[..., Path]


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Offer `build(data, *tables, **variables)`, which returns the DuckDB file that dbt wrote.

    `data` is the folder with the inputs, `variables` are dbt's. Each call builds anew, data tests
    included, in a folder of its own; if tables are named, them and what they stand on.
    """

    def build_warehouse(data: Path, *tables: str, **variables: Any) -> Path:
        folder = tmp_path_factory.mktemp("build")
        warehouse = folder / "warehouse" / "store_uptime.duckdb"
        warehouse.parent.mkdir()
        options = ["build", "--exclude-resource-type", "unit_test", "--vars", json.dumps(variables)]
        if tables:
            options += ["--select", *(f"+{table}" for table in tables)]
        is_built, output = run_dbt(
            options,
            {
                "STORE_UPTIME_DATA": str(data),
                "STORE_UPTIME_DB": str(warehouse),
                "STORE_UPTIME_OUTPUT": str(folder / "output"),
                "DBT_TARGET_PATH": str(folder / "target"),
                "DBT_LOG_PATH": str(folder / "logs"),
            },
        )
        assert is_built, output
        return warehouse

    return build_warehouse


@pytest.fixture(scope="session")
def sample_warehouse(build: Build, once: Once) -> Path:
    """Offer the DuckDB file of the sample, which stays as it is."""
    return once("sample of the pipeline", lambda: build(PROJECT / "seeds"))


@pytest.fixture(scope="session")
def sample_release(sample_warehouse: Path) -> Path:
    """Offer the release of the sample."""
    [release] = (sample_warehouse.parent / "releases").glob("*.duckdb")
    return release


@dataclass
class Compared:
    """One scenario: what the reference says, and where the models put theirs."""

    scenario: Scenario
    inputs: Inputs
    report: Report
    groups: Groups
    targets: set[Target]
    warehouse: Path

    def query(self, sql: str, *parameters: Any) -> list[tuple]:
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            connection.execute("set timezone = 'UTC'")
            return connection.execute(sql, parameters).fetchall()


@pytest.fixture(scope="session", params=SCENARIOS, ids=lambda scenario: scenario.name)
def compared(
    request: pytest.FixtureRequest,
    build: Build,
    once: Once,
    tmp_path_factory: pytest.TempPathFactory,
) -> Compared:
    """Offer a scenario that is built once, and worked out once by the reference."""
    scenario: Scenario = request.param

    def compute() -> tuple[Any, ...]:
        rows = inputs(scenario)
        data = tmp_path_factory.mktemp("data")
        write(rows, data, scenario.name)
        result = report(*rows[:5], **scenario.policies)
        attributes = ("brand", "region") if rows.attributes else ()
        known_groups = groups(result, rows.attributes, result.rejected, *attributes)
        targets = read_targets(rows.targets, known_groups, result.rejected)
        return rows, result, known_groups, targets, build(data, **scenario.policies)

    return Compared(scenario, *once(f"scenario {scenario.name}", compute))
