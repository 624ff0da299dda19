"""The process that runs dbt for the service: it imports and parses once, then builds on demand.

Run: `python -m api.build_worker <target path> [flags of dbt] [-- flags of dbt build]`. Each line on
standard input asks for a build; each build is answered by lines of JSON on standard output: one for
each model that is done, see `Progress`, and the last one says how it ended, see `Outcome`. The end
of standard input ends the process, also in the middle of a build; what was built by then is written
down.

A build runs in a fork of this process: it starts with dbt imported and the project parsed, and
what it leaves behind in memory goes with it.
"""

import gc
import json
import multiprocessing.util
import os
import select
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, replace
from importlib import import_module
from pathlib import Path
from typing import Any, TypedDict

from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.artifacts.schemas.results import NodeStatus
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest
from dbt_common.clients.jinja import template_cache
from dbt_common.events.base_types import BaseEvent, DynamicLevel, EventLevel, EventMsg
from dbt_common.events.event_manager import EventManager
from dbt_common.events.event_manager_client import ctx_set_event_manager

from api.builds import Progress, Tell
from api.dbt_plugin import LOCKED
from api.inputs import project_state
from api.releases import Releases
from api.settings import PROJECT, read_settings

# Errors that the project words for people begin like this, behind the kind that DuckDB gives.
_SENTENCE_PREFIX = "Store Uptime: "
_CAUSE = "Original error: "
# What the macro open_build says when the selector polls_alone does not do.
_MORE_THAN_POLLS = "more than polls has changed"
# Those that tell how far a build is.
_KEPT_EVENTS = ("NodeFinished",)
_NEEDED_LATE = ("dbt.task.build", "dbt_common.clients.agate_helper")
# The exit status of a fork whose build failed, and which said so.
_UNSUCCESSFUL = 3
_FAILED = (NodeStatus.Error, NodeStatus.Fail, NodeStatus.RuntimeErr)


class Outcome(TypedDict):
    """How a build ended; `error` is one sentence, None after success."""

    error: str | None
    is_locked: bool


class Counter:
    """Counts the models that dbt has done, in whichever thread, and tells each time."""

    def __init__(self, models_all: int, tell: Tell, models_done: int = 0) -> None:
        self._progress = Progress(models_done, models_all)
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


def _leave_out_small_talk() -> None:
    """Have dbt not put into words what is for no log here; that takes a tenth of a build."""
    put_into_words = BaseEvent.__init__

    def put_into_words_if_kept(event: BaseEvent, *more: Any, **named: Any) -> None:
        # The level of the others is known only when they are fired.
        if isinstance(event, DynamicLevel) or not _is_small_talk(event):
            put_into_words(event, *more, **named)

    BaseEvent.__init__ = put_into_words_if_kept  # type: ignore[method-assign]


def _is_small_talk(event: BaseEvent, level: EventLevel | None = None) -> bool:
    is_small = (level or event.level_tag()) in (EventLevel.DEBUG, EventLevel.TEST)
    return is_small and type(event).__name__ not in _KEPT_EVENTS


class _Events(EventManager):
    """Takes no note of small talk."""

    def fire_event(
        self, e: BaseEvent, level: EventLevel | None = None, *more: Any, **named: Any
    ) -> None:
        if not _is_small_talk(e, level):
            super().fire_event(e, level, *more, **named)


class Project:
    """The dbt project, parsed again whenever its files have changed."""

    def __init__(
        self, target_path: Path, flags: Sequence[str], selection: Sequence[str] = ()
    ) -> None:
        """Keep dbt's parse cache and log in `target_path`, apart from those of other processes."""
        self._selection = selection
        self._before = ["--quiet", *flags]
        self._after = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
        self._after += ["--target-path", str(target_path), "--log-path", str(target_path / "logs")]
        # Whether the last build succeeded: then the next may have polls alone to build.
        self.is_built = False
        self._manifest: Manifest | None = None
        self._state: object = None
        self._has_templates = False
        _leave_out_small_talk()
        ctx_set_event_manager(_Events())

    def parse(self) -> Outcome | None:
        """Parse what has changed; return an outcome only if that fails."""
        state = project_state()
        if self._manifest is not None and state == self._state:
            return None
        self._has_templates = self.is_built = False
        parsed = dbtRunner().invoke([*self._before, "parse", *self._after])
        if not parsed.success:
            self._manifest = None
            return outcome(parsed)
        self._manifest, self._state = parsed.result, state
        return None

    def compile_templates(self) -> None:
        """Do what dbt otherwise does in each fork again, when it is needed first."""
        if self._manifest is None or self._has_templates:
            return
        for macro in self._manifest.macros.values():
            template_cache.get_node_template(macro)
        for name in _NEEDED_LATE:
            import_module(name)
        self._has_templates = True
        # None of this is ever garbage: spare the forks the search.
        gc.collect()
        gc.freeze()

    def invoke(
        self, options: Sequence[str], *callbacks: Callable[[EventMsg], None]
    ) -> dbtRunnerResult:
        """Run dbt on the project as it was parsed, in a process that ends soon thereafter.

        DuckDB's file stays open until `close_database`.
        """
        # The search for garbage takes a tenth of the time.
        gc.disable()
        return dbtRunner(self._manifest, list(callbacks)).invoke(list(options))

    def build(self, tell: Tell) -> Outcome:
        """Build what is selected, or the whole project; of that, polls alone where that will do."""
        if not self._selection and self.is_built:
            ended = self._build(["--selector", "polls_alone"], tell)
            if not (ended["error"] or "").startswith(_MORE_THAN_POLLS):
                return ended
        ended = self._build(self._selection, tell)
        if self._selection:
            # Such a build publishes nothing: it is the file that is read.
            close_database()
        return ended

    def _build(self, selection: Sequence[str], tell: Tell) -> Outcome:
        # Unit tests test the models, not the inputs.
        options = [*self._before, "build", *self._after, "--exclude-resource-type", "unit_test"]
        models_all = self._models()
        counter = Counter(models_all, tell, models_done=models_all - self._models(selection))
        ended = outcome(self.invoke([*options, *selection], counter))
        if ended["error"] is None:
            Releases(read_settings().db).sync_newest()
        return ended

    def _models(self, selection: Sequence[str] = ()) -> int:
        """Count the models that are built, all or by the selector `polls_alone`."""
        nodes = [] if self._manifest is None else self._manifest.nodes.values()
        models = [node for node in nodes if node.resource_type == "model"]
        if "polls_alone" not in selection:
            return len(models)
        return sum(
            node.schema != "staging" and node.config.materialized != "view" for node in models
        )


def close_database() -> None:
    """Have DuckDB write what is left in its log, which the end of a fork does not."""
    try:
        environment = DuckDBConnectionManager.env()
    except Exception:
        # The build failed before dbt opened the file.
        return
    environment.close()


def outcome(result: dbtRunnerResult) -> Outcome:
    """Say in one sentence what dbtRunner, which never raises, brought back."""
    if result.success:
        return {"error": None, "is_locked": False}
    text = str(result.exception) if result.exception else _first_failure(result.result)
    return {"error": sentence(text), "is_locked": LOCKED in text}


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


def in_fork(work: Callable[[Tell], Outcome], channel: int) -> bool:
    """Do the work in a fork, which says how it goes and ends; if it dies, so does this process.

    Returns whether it succeeded.
    """
    pid = os.fork()
    if pid == 0:
        status = 1
        is_over = threading.Event()
        try:
            threading.Thread(target=_exit_at_end_of_input, args=[is_over], daemon=True).start()
            ended = work(lambda progress: _send(channel, asdict(progress)))
            is_over.set()
            # What was built is published: whoever waits need not wait for this, too.
            _send(channel, ended)
            close_database()
            status = _UNSUCCESSFUL if ended["error"] else 0
        finally:
            # The end of a fork does not remove the locks that dbt made, which have names.
            multiprocessing.util._exit_function()
            os._exit(status)
    _, status = os.waitpid(pid, 0)
    code = os.waitstatus_to_exitcode(status)
    if code not in (0, _UNSUCCESSFUL):
        raise SystemExit(f"The build's process died ({code}).")
    return code == 0


def _exit_at_end_of_input(is_over: threading.Event) -> None:
    """End a build that nobody waits for, unless it is over and only has to be written down.

    Nothing is read: a request that comes meanwhile is for the process above.
    """
    input_ended = select.poll()
    # That there is no writer any more is told in any case.
    input_ended.register(0, 0)
    input_ended.poll()
    if not is_over.is_set():
        os._exit(1)


def _send(channel: int, message: Mapping[str, Any]) -> None:
    os.write(channel, json.dumps(message).encode() + b"\n")


def _has_request() -> bool:
    return bool(select.select([0], [], [], 0)[0])


def main(target_path: Path, flags: Sequence[str], selection: Sequence[str]) -> None:
    # Whatever dbt prints goes to the log, not between the answers.
    channel = os.dup(1)
    os.dup2(2, 1)
    project = Project(target_path, flags, selection)
    project.parse()
    while True:
        if not _has_request():
            project.compile_templates()
        request = os.read(0, 1)
        if not request:
            break
        if failed := project.parse():
            _send(channel, failed)
        else:
            project.is_built = in_fork(project.build, channel)


if __name__ == "__main__":
    before_build, after_build = sys.argv[2:], []
    if "--" in before_build:
        at = before_build.index("--")
        before_build, after_build = before_build[:at], before_build[at + 1 :]
    main(Path(sys.argv[1]), before_build, after_build)
