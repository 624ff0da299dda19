"""dbt for tests: to import it and to parse the project takes longest, and is done once for all."""

import os
from collections.abc import Mapping, Sequence
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

_forks = get_context("forkserver")
_forks.set_forkserver_preload(["tests.pipeline.parsed_project"])


def run_dbt(
    options: Sequence[str],
    environment: Mapping[str, str],
    project: Path | None = None,
    *,
    killed_at_line: int | None = None,
) -> tuple[bool, str]:
    """Run dbt with these options; return whether it succeeded, and what it said.

    In `project`, a copy of this one as a rule, it parses what has changed, and writes its JSON.
    """
    # It ends when the fork does, even if that never began to run dbt.
    reader, writer = _forks.Pipe(duplex=False)
    process = _forks.Process(target=_run, args=(list(options), dict(environment), project, writer))
    process.start()
    writer.close()
    said = []
    with reader, open(reader.fileno(), closefd=False) as lines:
        for line in lines:
            said.append(line)
            if len(said) == killed_at_line:
                process.kill()
    process.join()
    return process.exitcode == 0, "".join(said)


def _run(
    options: list[str], environment: dict[str, str], project: Path | None, output: Connection
) -> None:
    os.dup2(output.fileno(), 1)
    os.dup2(output.fileno(), 2)
    os.environ.update(environment)
    from tests.pipeline import parsed_project

    has_succeeded = (
        parsed_project.run_in(project, options) if project else parsed_project.run(options)
    )
    os._exit(0 if has_succeeded else 1)
