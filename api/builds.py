"""Builds: when one is needed; they run one at a time, in a process that is kept warm."""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from api.disk import FULL, NO_SPACE, written
from api.releases import Release, attach
from api.settings import PROJECT, Settings
from loader.errors import InputError
from loader.finding import find
from loader.load import why_changed
from loader.manifest import Manifest

log = logging.getLogger(__name__)

# What of the project the numbers depend on.
PROJECT_FILES = ("dbt_project.yml", "profiles.yml")
PROJECT_FOLDERS = ("models", "macros", "seeds", "tests/sql", "loader")

_STAGING = "staging.json"


class BuildError(Exception):
    """A build that failed; the message is one sentence for whoever asked for the report."""


class LockedError(BuildError):
    """Another process is writing the DuckDB file."""


class CancelledError(BuildError):
    """The builder was closed meanwhile, or nobody waits for the build any more."""


@dataclass(frozen=True)
class Progress:
    """How many models of the project a build has done, well or not."""

    models_done: int
    models_all: int


# Is told, in the thread of the build, how far it is.
Tell = Callable[[Progress], None]


def tell_nobody(progress: Progress) -> None:
    """Let pass how far a build is."""


class Builder:
    """`dbt build` in a worker process, which is started early and used again."""

    def __init__(
        self, environment: dict[str, str], timeout_seconds: float, command: Sequence[str]
    ) -> None:
        """Run the worker by `command`; a build that takes longer than the timeout is ended."""
        self._environment = environment
        self._timeout_seconds = timeout_seconds
        self._command = command
        self._worker: subprocess.Popen[bytes] | None = None
        self._is_closed = False
        self._is_cancelled = threading.Event()
        self._lock = threading.Lock()

    def warm_up(self) -> None:
        """Start the worker; it imports dbt and parses the project while others go on."""
        with self._lock:
            self._running_worker()

    def build(self, tell: Tell = tell_nobody) -> None:
        """Build and publish a release; a worker that dies is replaced once.

        Raises LockedError if another process is writing the DuckDB file, CancelledError if
        `close` or `cancel` was called, and BuildError if the build failed.
        """
        self._is_cancelled.clear()
        outcome = self._ask_worker(tell) or self._ask_worker(tell)
        if not outcome:
            raise BuildError("The build's process died twice; the memory may be too small.")
        if outcome["is_locked"]:
            raise LockedError(outcome["error"])
        if outcome["error"]:
            raise BuildError(FULL if NO_SPACE in outcome["error"] else outcome["error"])

    def finish(self) -> None:
        """Let the worker close the DuckDB file, which writes down its log, and end."""
        with self._lock:
            self._is_closed = True
            if self._worker is not None and self._worker.stdin is not None:
                self._worker.stdin.close()
                self._worker.wait()
                self._worker = None

    def cancel(self) -> None:
        """End the build that is under way; another may follow."""
        with self._lock:
            self._is_cancelled.set()
            if self._worker is not None and not self._is_closed:
                _kill(self._worker)
                self._worker.wait()
                self._running_worker()

    def close(self) -> None:
        with self._lock:
            self._is_closed = True
            if self._worker is not None:
                _kill(self._worker)
                self._worker.wait()

    def _ask_worker(self, tell: Tell) -> dict[str, Any] | None:
        """Have the worker build, and return how that ended; None if it died."""
        with self._lock:
            worker = self._running_worker()
        is_late = threading.Event()

        def end_late_build() -> None:
            is_late.set()
            _kill(worker)

        timer = threading.Timer(self._timeout_seconds, end_late_build)
        timer.start()
        try:
            outcome = _ask(worker, tell)
        finally:
            timer.cancel()
        if outcome:
            return outcome
        if self._is_closed:
            raise CancelledError("The service was stopped.")
        if self._is_cancelled.is_set():
            raise CancelledError("Nobody waits for the build any more.")
        _kill(worker)
        log.warning("The build's process died (%s)", worker.wait())
        if is_late.is_set():
            raise BuildError(f"The build took longer than {self._timeout_seconds:g} seconds.")
        return None

    def _running_worker(self) -> subprocess.Popen[bytes]:
        if self._is_closed:
            raise CancelledError("The service was stopped.")
        if self._worker is None or self._worker.poll() is not None:
            self._worker = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=PROJECT,
                env=self._environment,
                # A group of its own: Ctrl-C is for the service, which then ends the group.
                start_new_session=True,
            )
        return self._worker


def service_builder(settings: Settings) -> Builder:
    """Return the builder of the service.

    Its parse cache lies beside the warehouse, since it holds only for one environment.
    """
    forget_staging(service_target(settings))
    environment = os.environ | {
        "STORE_UPTIME_DATA": str(settings.data),
        "STORE_UPTIME_DB": str(settings.db),
        "STORE_UPTIME_MEMORY_LIMIT": settings.memory_limit,
        # The service waits for a locked file itself, and looks again more often.
        "STORE_UPTIME_BUILD_WAIT_SECONDS": "0",
    }
    flags = ("--no-write-json", "--log-level", "error", "--log-level-file", "none")
    return _dbt_builder(settings, environment, service_target(settings), flags)


def service_target(settings: Settings) -> Path:
    """Return the folder for what dbt knows of the project and compiles of it, for the service."""
    return settings.db.parent / "target"


def one_builder(settings: Settings) -> Builder:
    """Return a builder for one build, which shares the parse cache of `dbt build`."""
    target_path = PROJECT / (os.environ.get("DBT_TARGET_PATH") or "target")
    flags = ("--log-level", "none", "--log-level-file", "info")
    return _dbt_builder(settings, dict(os.environ), target_path, flags)


def _dbt_builder(
    settings: Settings, environment: dict[str, str], target_path: Path, flags: Sequence[str]
) -> Builder:
    command = [sys.executable, "-m", "api.build_worker", str(target_path), *flags]
    return Builder(environment, settings.build_timeout_seconds, command)


def _ask(worker: subprocess.Popen[bytes], tell: Tell) -> dict[str, Any] | None:
    assert worker.stdin is not None
    assert worker.stdout is not None
    try:
        worker.stdin.write(b"\n")
        worker.stdin.flush()
    except BrokenPipeError:
        return None
    while line := worker.stdout.readline():
        said = json.loads(line)
        if "error" in said:
            return said
        tell(Progress(**said))
    return None


def _kill(worker: subprocess.Popen[bytes]) -> None:
    """End the worker and all that it has started."""
    with suppress(ProcessLookupError):
        os.killpg(worker.pid, signal.SIGKILL)


class NotCompiledError(Exception):
    """There is no compiled SQL, as the project was not parsed yet, or cannot be."""


@dataclass(frozen=True)
class Staging:
    """The select of each model of staging, by its name, and what it calls the database.

    It is kept in the folder with dbt's other results.
    """

    database: str
    selects: dict[str, str]


def write_staging(staging: Staging, target_path: Path) -> None:
    target_path.mkdir(parents=True, exist_ok=True)
    with written(target_path / _STAGING) as unfinished:
        unfinished.write_text(json.dumps(asdict(staging)))


def forget_staging(target_path: Path) -> None:
    """Remove what another version of the project may have left."""
    (target_path / _STAGING).unlink(missing_ok=True)


def read_staging(
    target_path: Path, wait_seconds: float, warm_up: Callable[[], None] = lambda: None
) -> Staging:
    """Return the SQL, waiting until it is there; raises NotCompiledError if it does not come.

    Meanwhile a worker that has died is started again by `warm_up`, as it is the one that compiles.
    """
    give_up_at = time.monotonic() + wait_seconds
    while True:
        try:
            return Staging(**json.loads((target_path / _STAGING).read_text()))
        except FileNotFoundError:
            if time.monotonic() >= give_up_at:
                raise NotCompiledError from None
        warm_up()
        time.sleep(0.1)


def why_outdated(
    release: Release | None, data: Path, lake: Path, project: Path = PROJECT
) -> str | None:
    """Return why a build is needed, or None if the release is what a build would give."""
    if release is None:
        return "there is no release yet"
    if release.vars:
        return "the newest release was built with vars of its own"
    try:
        return (
            _changed_project_file(release, project)
            or why_changed(data, lake)
            or _other_load(release, lake)
            or _poll_that_counts_by_now(release)
        )
    except InputError as error:
        # The build says it to whoever asked.
        return str(error)
    except duckdb.Error:
        return "the newest release cannot be read"


def input_files(data: Path) -> set[str]:
    """Return the real paths of the input files of a folder; one that is gone has none."""
    try:
        found, _ = find(data)
    except InputError:
        return set()
    return {file.path for file in found}


def project_state(project: Path = PROJECT) -> list[tuple[str, int, int]]:
    """Return what tells one state of the project's files from another."""
    state = []
    for path in _project_paths(project):
        with suppress(FileNotFoundError):
            stat = path.stat()
            state.append((str(path), stat.st_mtime_ns, stat.st_size))
    return sorted(state)


def _changed_project_file(release: Release, project: Path) -> str | None:
    started_at = release.started_at.timestamp()
    for path in _project_paths(project):
        # A folder is newer if something in it was added, renamed or removed.
        if not path.exists() or path.stat().st_mtime > started_at:
            return f"{path.relative_to(project)} has changed"
    return None


def _project_paths(project: Path) -> Iterator[Path]:
    for name in PROJECT_FILES:
        yield project / name
    for name in PROJECT_FOLDERS:
        for folder, folders, files in os.walk(project / name):
            # Python writes there whenever it likes.
            with suppress(ValueError):
                folders.remove("__pycache__")
            yield Path(folder)
            for file in files:
                yield Path(folder, file)


def _other_load(release: Release, lake: Path) -> str | None:
    """Tell of a load that no release was made of, as the build after it failed, for instance."""
    with duckdb.connect() as connection:
        manifest = Manifest(connection, lake)
    if (release.lake_id, release.load) != (manifest.lake_id, manifest.load):
        return "the newest release was built from other inputs"
    return None


def _poll_that_counts_by_now(release: Release) -> str | None:
    """Tell of a poll that was dated in the future when the release was built."""
    with attach(release.path) as connection:
        rows = connection.execute(
            "select file from input_files where counts_from_us <= ? limit 1",
            [time.time_ns() // 1000],
        ).fetchall()
    for (file,) in rows:
        return f"polls of {os.path.basename(file)} that were dated in the future count by now"
    return None
