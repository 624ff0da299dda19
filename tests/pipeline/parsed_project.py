"""dbt with the project parsed and built once; whoever imports this waits, and forks share it."""

import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from dbt_common.clients import agate_helper
from dbt_common.events.base_types import BaseEvent, DebugLevel
from dbt_common.events.event_manager import EventManager
from jinja2 import Environment

PROJECT = Path(__file__).parents[2]
QUIET = ("--no-use-colors", "--log-level-file", "none", "--no-write-json")

_word, _say = BaseEvent.__init__, EventManager.fire_event
_compile, _read = Environment.compile, agate_helper.from_csv


def run(options: Sequence[str]) -> bool:
    """Run dbt once, in a process that ends thereafter; return whether it succeeded."""
    os.chdir(PROJECT)
    _leave_out_what_is_for_debugging()
    return _invoked(_parsed, [*QUIET, *options])


def run_in(project: Path, options: Sequence[str]) -> bool:
    """Do so in another project, of which dbt parses what has changed."""
    os.chdir(project)
    # A copy has Python of its own.
    sys.path[:] = [str(project) if path == str(PROJECT) else path for path in sys.path]
    for name in [*sys.modules]:
        if name.partition(".")[0] in ("api", "loader"):
            del sys.modules[name]
    _leave_out_what_is_for_debugging()
    return _invoked(None, ["--no-use-colors", "--log-level-file", "none", *options])


def _invoked(manifest: Manifest | None, options: list[str]) -> bool:
    result = dbtRunner(manifest).invoke(options)
    # So that what is in DuckDB's log is in the file, which tests copy.
    DuckDBConnectionManager.close_all_connections()
    if result.exception:
        print(result.exception, flush=True)
    return result.success


def _leave_out_what_is_for_debugging() -> None:
    """Spare a run a seventh of its time: nobody sees it, and dbt words all of it beforehand."""

    def word(event: BaseEvent, *arguments: Any, **values: Any) -> None:
        if not isinstance(event, DebugLevel):
            _word(event, *arguments, **values)

    def say(manager: EventManager, event: BaseEvent, *arguments: Any, **options: Any) -> None:
        if not isinstance(event, DebugLevel):
            _say(manager, event, *arguments, **options)

    BaseEvent.__init__, EventManager.fire_event = word, say


def _work_out_once() -> None:
    """Have forks find templates compiled and seeds read, and share the table without rows."""
    compiled: dict[tuple[object, ...], Any] = {}
    seeds: dict[tuple[object, ...], Any] = {}

    def compile_once(environment: Environment, *source: Any) -> Any:
        key = (type(environment), *source)
        if key not in compiled:
            compiled[key] = _compile(environment, *source)
        return compiled[key]

    def read_once(path: str, text_columns: Sequence[str], delimiter: str = ",") -> Any:
        key = (Path(path).read_bytes(), *text_columns, delimiter)
        if key not in seeds:
            seeds[key] = _read(path, text_columns, delimiter)
        return seeds[key]

    nothing = agate_helper.empty_table()
    Environment.compile = compile_once
    agate_helper.from_csv, agate_helper.empty_table = read_once, lambda: nothing


def _parse_and_build(folder: Path) -> Manifest:
    """Parse the project, and build the sample so that dbt and the loader have all at hand."""
    os.chdir(PROJECT)
    _work_out_once()
    os.environ["STORE_UPTIME_DATA"] = "seeds"
    os.environ["STORE_UPTIME_DB"] = str(folder / "store_uptime.duckdb")
    quiet, target = ("--quiet", *QUIET), ("--target-path", str(folder / "target"))
    # The static parser has threads of its own, for which forks would wait in vain.
    parsed = dbtRunner().invoke([*quiet, "--no-static-parser", "parse", *target])
    if not parsed.success:
        raise RuntimeError(str(parsed.exception))
    # If that fails, the tests say so.
    _invoked(parsed.result, [*quiet, "build", *target, "--exclude-resource-type", "unit_test"])
    return parsed.result


with tempfile.TemporaryDirectory() as folder:
    _parsed = _parse_and_build(Path(folder))
