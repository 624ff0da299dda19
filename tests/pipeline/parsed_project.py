"""dbt with the project parsed; whoever imports this waits for that, and forks share it."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from api.build_worker import Project, close_database
from api.settings import PROJECT

QUIET = ("--log-level", "none", "--log-level-file", "none", "--no-write-json")

with tempfile.TemporaryDirectory() as target:
    _PROJECT = Project(Path(target), QUIET)
    if _failed := _PROJECT.parse():
        raise RuntimeError(_failed["error"])
    _PROJECT.compile_templates()


def run(options: Sequence[str], environment: Mapping[str, str]) -> bool:
    """Run dbt once, in a process that ends thereafter; return whether it succeeded."""
    os.chdir(PROJECT)
    os.environ.update(environment)
    flags = ("--no-use-colors", "--log-level", "info", *QUIET[2:])
    result = _PROJECT.invoke([*flags, *options])
    close_database()
    if result.exception:
        print(result.exception, flush=True)
    return result.success
