"""dbt for tests: to import it and to parse the project takes longest, and is done once for all."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing import get_context
from pathlib import Path

_forks = get_context("forkserver")
_forks.set_forkserver_preload(["tests.pipeline.parsed_project"])


def run_dbt(
    options: Sequence[str], environment: Mapping[str, str], project: Path | None = None
) -> tuple[bool, str]:
    """Run dbt with these options; return whether it succeeded, and what it said.

    In `project`, a copy of this one as a rule, it parses what has changed, and writes its JSON.
    """
    with tempfile.NamedTemporaryFile("r", suffix=".log") as log:
        process = _forks.Process(
            target=_run, args=(list(options), dict(environment), project, log.name)
        )
        process.start()
        process.join()
        return process.exitcode == 0, log.read()


def _run(options: list[str], environment: dict[str, str], project: Path | None, log: str) -> None:
    output = os.open(log, os.O_WRONLY)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.environ.update(environment)
    from tests.pipeline import parsed_project

    has_succeeded = (
        parsed_project.run_in(project, options) if project else parsed_project.run(options)
    )
    os._exit(0 if has_succeeded else 1)
