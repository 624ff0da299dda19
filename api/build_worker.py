"""The process that runs dbt for the service: it imports and parses once, then builds on demand.

Run: `python -m api.build_worker <target path> [flags of dbt]`. Each line on standard input asks for
a build; each build is answered by lines of JSON on standard output: one for each model that is
done, see `Progress`, and the last one says how it ended, see `Outcome`. The end of standard input
ends the process, also in the middle of a build; what was built by then is written down.

It uses dbt's public interface alone (dbtRunner, its callbacks, a manifest that is handed on), and
closes the DuckDB file after each build, so that others can have it.
"""

import json
import os
import queue
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, TypedDict

from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.artifacts.schemas.results import NodeStatus
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest
from dbt_common.events.base_types import EventMsg

from api.builds import Progress, Staging, Tell, project_state, write_staging
from api.dbt_plugin import LOCKED
from api.settings import PROJECT

# Errors that the project words for people begin like this, behind the kind that DuckDB gives.
_SENTENCE_PREFIX = "Store Uptime: "
_CAUSE = "Original error: "
_FAILED = (NodeStatus.Error, NodeStatus.Fail, NodeStatus.RuntimeErr)


class Outcome(TypedDict):
    """How a build ended; `error` is one sentence, None after success."""

    error: str | None
    is_locked: bool


class Counter:
    """Counts the models that dbt has done, in whichever thread, and tells each time."""

    def __init__(self, models_all: int, tell: Tell) -> None:
        self._progress = Progress(0, models_all)
        self._tell = tell
        self._lock = threading.Lock()
        tell(self._progress)

    def __call__(self, event: EventMsg) -> None:
        """Take an event of dbt."""
        if event.info.name != "NodeFinished" or event.data.node_info.resource_type != "model":
            return
        with self._lock:
            done = self._progress.models_done + 1
            self._progress = replace(self._progress, models_done=done)
            self._tell(self._progress)


class Project:
    """The dbt project, parsed again whenever its files have changed."""

    def __init__(self, target_path: Path, flags: Sequence[str]) -> None:
        """Keep dbt's parse cache and log in `target_path`, apart from those of other processes."""
        self._target_path = target_path
        self._before = ["--quiet", *flags]
        self._after = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
        self._after += ["--target-path", str(target_path), "--log-path", str(target_path / "logs")]
        self._manifest: Manifest | None = None
        self._state: object = None
        self._has_staging = False

    def parse(self) -> Outcome | None:
        """Parse what has changed; return an outcome only if that fails."""
        state = project_state()
        if self._manifest is not None and state == self._state:
            return None
        parsed = dbtRunner().invoke([*self._before, "parse", *self._after])
        if not parsed.success:
            self._manifest = None
            return outcome(parsed)
        self._manifest, self._state = parsed.result, state
        self._has_staging = False
        return None

    def keep_staging(self) -> None:
        """Compile staging, by whose SQL uploads are judged; no database is opened for it."""
        if self._manifest is None or self._has_staging:
            return
        options = ["--no-introspect", "--no-populate-cache", "--select", "path:models/staging"]
        compiled = dbtRunner(self._manifest).invoke(
            [*self._before, "compile", *self._after, *options]
        )
        if compiled.success:
            models = [
                result.node
                for result in compiled.result.results
                if result.node.resource_type == "model"
            ]
            selects = {model.name: model.compiled_code for model in models}
            write_staging(Staging(models[0].database, selects), self._target_path)
        self._has_staging = True

    def build(self, tell: Tell) -> Outcome:
        """Build the whole project as it is by now."""
        if failed := self.parse():
            return failed
        assert self._manifest is not None
        nodes = self._manifest.nodes.values()
        counter = Counter(sum(node.resource_type == "model" for node in nodes), tell)
        # Unit tests test the models, not the inputs.
        options = [*self._before, "build", *self._after, "--exclude-resource-type", "unit_test"]
        return outcome(dbtRunner(self._manifest, [counter]).invoke(options))


def outcome(result: dbtRunnerResult) -> Outcome:
    """Say in one sentence what dbtRunner, which never raises, brought back."""
    if result.success:
        return {"error": None, "is_locked": False}
    text = str(result.exception) if result.exception else _first_failure(result.result)
    # A damaged file may have had its say in it.
    said = "".join(sign if sign.isprintable() else "\ufffd" for sign in sentence(text))
    return {"error": said, "is_locked": LOCKED in text}


def sentence(text: str) -> str:
    """Return the line of dbt's message that says what happened, without its surroundings."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for line in lines:
        _, prefix, said = line.partition(_SENTENCE_PREFIX)
        if prefix:
            return said
    # The first line names the kind of error and the node, the second says what happened; where
    # DuckDB gives a cause, such as a full disk, it follows.
    causes = [line.partition(_CAUSE)[2] for line in lines[2:] if _CAUSE in line]
    return " ".join([": ".join(lines[:2]), *causes]) or "dbt failed without a message."


def _first_failure(result: Any) -> str:
    for found in getattr(result, "results", []):
        if found.status in _FAILED:
            message = found.message or ""
            if found.node.name in message.partition("\n")[0]:
                return message
            return f"{found.node.resource_type} {found.node.name} failed\n{message}"
    return ""


def _send(channel: int, message: Mapping[str, Any]) -> None:
    os.write(channel, json.dumps(message).encode() + b"\n")


def _listen(requests: queue.Queue[bytes], is_building: threading.Event) -> None:
    """Pass on requests; at the end of input, end a build that nobody waits for any more."""
    while request := os.read(0, 1):
        requests.put(request)
    if is_building.is_set():
        # With all that it has started, dbt's helper for locks among it, which would complain.
        os.killpg(os.getpgid(0), signal.SIGKILL)
    requests.put(b"")


def main(target_path: Path, flags: Sequence[str]) -> None:
    # Whatever dbt prints goes to the log, not between the answers.
    channel = os.dup(1)
    os.dup2(2, 1)
    requests: queue.Queue[bytes] = queue.Queue()
    is_building = threading.Event()
    threading.Thread(target=_listen, args=[requests, is_building], daemon=True).start()
    project = Project(target_path, flags)
    project.parse()
    while True:
        if requests.empty():
            project.keep_staging()
        if not requests.get():
            break
        is_building.set()
        ended = project.build(lambda progress: _send(channel, asdict(progress)))
        is_building.clear()
        # What was built is published: whoever waits need not wait until the file is closed.
        _send(channel, ended)
        DuckDBConnectionManager.close_all_connections()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
