"""dbt with the project parsed; whoever imports this waits for that, and forks share it."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

PROJECT = Path(__file__).parents[2]
HERE = ("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT))

with tempfile.TemporaryDirectory() as target:
    os.environ["STORE_UPTIME_DB"] = f"{target}/store_uptime.duckdb"
    _parsed = dbtRunner().invoke(
        ["--quiet", "--log-level-file", "none", "parse", *HERE, "--target-path", target]
    )
    if not _parsed.success:
        raise RuntimeError(str(_parsed.exception))


def run(options: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Run dbt once, in a process that ends thereafter; return whether it succeeded."""
    os.chdir(PROJECT)
    os.environ.update(environment)
    flags = ("--no-use-colors", "--log-level-file", "none", "--no-write-json")
    result = dbtRunner(_parsed.result).invoke([*flags, *options])
    # So that what is in DuckDB's log is in the file, which tests copy.
    DuckDBConnectionManager.close_all_connections()
    if result.exception:
        print(result.exception, flush=True)
    return result.success
