"""dbt with the project parsed; whoever imports this waits for that, and forks share it."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner

PROJECT = Path(__file__).parents[2]

with tempfile.TemporaryDirectory() as target:
    _PARSE = ["--quiet", "parse", "--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
    _PARSED = dbtRunner().invoke([*_PARSE, "--target-path", target, "--log-path", target])
    if _PARSED.exception:
        raise _PARSED.exception


def run(options: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Run dbt once, in a process that ends thereafter; return whether it succeeded."""
    os.chdir(PROJECT)
    os.environ.update(environment)
    result = dbtRunner(manifest=_PARSED.result).invoke(["--no-use-colors", *options])
    if result.exception:
        print(result.exception, flush=True)
    # Without this the end of a fork leaves what DuckDB wrote last in its log.
    DuckDBConnectionManager.close_all_connections()
    return result.success
