"""What the tests of the pipeline share: how to build a warehouse out of the way of the checkout."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).parents[2]
DBT = Path(sys.executable).with_name("dbt")

Build = Callable[..., Path]


@pytest.fixture(scope="session")
def build(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Offer `build(data, **variables)`, which returns the DuckDB file that dbt wrote.

    `data` is the folder with the inputs, `variables` are dbt's. Each call builds anew, data tests
    included, in a folder of its own.
    """

    def build_warehouse(data: Path, **variables: Any) -> Path:
        folder = tmp_path_factory.mktemp("build")
        warehouse = folder / "warehouse" / "store_uptime.duckdb"
        warehouse.parent.mkdir()
        command = [DBT, "--no-use-colors", "build", "--exclude-resource-type", "unit_test"]
        if variables:
            command += ["--vars", json.dumps(variables)]
        run = subprocess.run(
            command,
            cwd=PROJECT,
            env={
                **os.environ,
                "STORE_UPTIME_DATA": str(data),
                "STORE_UPTIME_DB": str(warehouse),
                "STORE_UPTIME_OUTPUT": str(folder / "output"),
                "DBT_TARGET_PATH": str(folder / "target"),
                "DBT_LOG_PATH": str(folder / "logs"),
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
        )
        assert run.returncode == 0, run.stdout
        return warehouse

    return build_warehouse


@pytest.fixture(scope="session")
def sample_release(build: Build) -> Path:
    """Offer the release of the sample."""
    [release] = (build(PROJECT / "seeds").parent / "releases").glob("*.duckdb")
    return release
