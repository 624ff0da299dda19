"""dbt for tests: to import it and to parse the project takes longest, and is done once for all."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing import get_context

_forks = get_context("forkserver")
_forks.set_forkserver_preload(["tests.pipeline.parsed_project"])


def run_dbt(options: Sequence[str], environment: Mapping[str, str]) -> tuple[bool, str]:
    """Run dbt with these options; return whether it succeeded, and what it said."""
    with tempfile.NamedTemporaryFile("r", suffix=".log") as log:
        process = _forks.Process(target=_run, args=(list(options), dict(environment), log.name))
        process.start()
        process.join()
        return process.exitcode == 0, log.read()


def _run(options: list[str], environment: dict[str, str], log: str) -> None:
    output = os.open(log, os.O_WRONLY)
    os.dup2(output, 1)
    os.dup2(output, 2)
    from tests.pipeline import parsed_project

    os._exit(0 if parsed_project.run(options, environment) else 1)
