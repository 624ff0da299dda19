"""Builds: one at a time, in a process of their own that is kept warm."""

import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from api.disk import FULL, NO_SPACE
from api.settings import PROJECT, Settings

log = logging.getLogger(__name__)


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


class Builder(Protocol):
    """What runs a build; `build` blocks, `close` ends it from another thread."""

    def warm_up(self) -> None: ...

    def build(self, tell: Tell = tell_nobody) -> None: ...

    def cancel(self) -> None: ...

    def close(self) -> None: ...


class DbtBuilder:
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


def service_builder(settings: Settings) -> DbtBuilder:
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


def one_builder(settings: Settings) -> DbtBuilder:
    """Return a builder for one build, which shares the parse cache of `dbt build`."""
    target_path = PROJECT / (os.environ.get("DBT_TARGET_PATH") or "target")
    flags = ("--log-level", "none", "--log-level-file", "info")
    return _dbt_builder(settings, dict(os.environ), target_path, flags)


def _dbt_builder(
    settings: Settings, environment: dict[str, str], target_path: Path, flags: Sequence[str]
) -> DbtBuilder:
    command = [sys.executable, "-m", "api.build_worker", str(target_path), *flags]
    return DbtBuilder(environment, settings.build_timeout_seconds, command)


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


_LOOK_SECONDS = 0.1


class NotCompiledError(Exception):
    """There is no compiled SQL, as the project was not parsed yet, or cannot be."""


@dataclass(frozen=True)
class Staging:
    """The select of each model of staging, by its name, and what it calls the database."""

    database: str
    selects: Mapping[str, str]


def write_staging(staging: Staging, target_path: Path) -> None:
    """Keep the SQL in the folder with dbt's other results."""
    path = _path(target_path)
    unfinished = path.with_name(f"{path.name}.tmp")
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished.write_text(
        json.dumps({"database": staging.database, "selects": dict(staging.selects)})
    )
    unfinished.replace(path)


def forget_staging(target_path: Path) -> None:
    """Remove what another version of the project may have left."""
    _path(target_path).unlink(missing_ok=True)


def read_staging(target_path: Path, wait_seconds: float) -> Staging:
    """Return the SQL, waiting until it is there; raises NotCompiledError if it does not come."""
    give_up_at = time.monotonic() + wait_seconds
    while True:
        try:
            path = _path(target_path)
            return _read(path, path.stat().st_mtime_ns)
        except FileNotFoundError:
            if time.monotonic() >= give_up_at:
                raise NotCompiledError from None
        time.sleep(_LOOK_SECONDS)


@lru_cache(maxsize=1)
def _read(path: Path, modified_ns: int) -> Staging:
    return Staging(**json.loads(path.read_text()))


def _path(target_path: Path) -> Path:
    return target_path / "staging.json"
