"""The worker process is kept, replaced once if it dies, and never waited for for ever."""

import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.builds import Builder, BuildError, CancelledError, LockedError, Progress

SUCCESS = {"error": None, "is_locked": False}

# Stands in for dbt: notes its process id for each build, then answers or dies.
WORKER = """
import os, sys, time
log, answer = sys.argv[1:]
for line in sys.stdin:
    with open(log, "a") as file:
        print(os.getpid(), file=file)
    lines = open(log).read().split()
    if answer == "hang":
        time.sleep(60)
    if answer == "die" or (answer == "die once" and len(lines) == 1):
        sys.exit(1)
    for done in (0, 1):
        print('{"models_done": %d, "models_all": 2}' % done, flush=True)
    print(answer if answer.startswith("{") else '{"error": null, "is_locked": false}', flush=True)
if answer == "write down":
    time.sleep(0.5)
    with open(log, "a") as file:
        print("written down", file=file)
"""


class Worker:
    """A builder with a worker that answers as told, and the process ids of its builds."""

    def __init__(self, log: Path, answer: object, timeout_seconds: float = 10) -> None:
        text = answer if isinstance(answer, str) else json.dumps(answer)
        command = [sys.executable, "-c", WORKER, str(log), text]
        self.builder = Builder(dict(os.environ), timeout_seconds, command)
        self._log = log

    def pids(self) -> list[int]:
        return [int(pid) for pid in self._log.read_text().split()] if self._log.exists() else []


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[list[Worker]]:
    """Collect workers, which are ended at the end."""
    workers: list[Worker] = []
    yield workers
    for worker in workers:
        worker.builder.close()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "builds.log"


def test_worker_is_kept_for_the_next_build(log: Path, workers: list[Worker]):
    workers.append(worker := Worker(log, SUCCESS))
    worker.builder.build()
    worker.builder.build()
    first, second = worker.pids()
    assert first == second


def test_build_tells_how_far_it_is(log: Path, workers: list[Worker]):
    workers.append(worker := Worker(log, SUCCESS))
    told: list[Progress] = []
    worker.builder.build(told.append)
    assert told == [Progress(0, 2), Progress(1, 2)]


def test_failed_build_raises_its_sentence(log: Path, workers: list[Worker]):
    workers.append(worker := Worker(log, {"error": "Missing column.", "is_locked": False}))
    with pytest.raises(BuildError, match=r"^Missing column\.$"):
        worker.builder.build()


def test_locked_file_is_told_from_other_failures(log: Path, workers: list[Worker]):
    workers.append(worker := Worker(log, {"error": "Could not set lock.", "is_locked": True}))
    with pytest.raises(LockedError, match=r"^Could not set lock\.$"):
        worker.builder.build()


def test_worker_that_dies_is_replaced(log: Path, workers: list[Worker]):
    workers.append(worker := Worker(log, "die once"))
    worker.builder.build()
    first, second = worker.pids()
    assert first != second


def test_worker_that_dies_again_fails_the_build(log: Path, workers: list[Worker]):
    workers.append(worker := Worker(log, "die"))
    with pytest.raises(BuildError, match="died twice"):
        worker.builder.build()
    assert len(worker.pids()) == 2


def test_build_that_takes_too_long_is_ended(log: Path, workers: list[Worker]):
    workers.append(worker := Worker(log, "hang", timeout_seconds=0.5))
    with pytest.raises(BuildError, match=r"^The build took longer than 0\.5 seconds\.$"):
        worker.builder.build()
    assert all(not _is_alive(pid) for pid in worker.pids())


def test_close_ends_a_build(log: Path, workers: list[Worker]):
    workers.append(worker := Worker(log, "hang"))
    closing = threading.Timer(0.2, worker.builder.close)
    closing.start()
    with pytest.raises(CancelledError):
        worker.builder.build()
    closing.join()
    assert all(not _is_alive(pid) for pid in worker.pids())


def test_finish_waits_until_the_worker_has_ended_by_itself(log: Path, workers: list[Worker]):
    workers.append(worker := Worker(log, "write down"))
    worker.builder.build()
    worker.builder.finish()
    assert log.read_text().endswith("written down\n")


def test_no_build_after_close(log: Path, workers: list[Worker]):
    workers.append(worker := Worker(log, SUCCESS))
    worker.builder.close()
    with pytest.raises(CancelledError):
        worker.builder.build()
    assert worker.pids() == []


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_build_that_is_cancelled_ends_and_another_may_follow(workers: list[Worker], tmp_path: Path):
    worker = Worker(tmp_path / "log", "hang")
    workers.append(worker)
    began_at = time.monotonic()
    threading.Timer(0.5, worker.builder.cancel).start()
    with pytest.raises(CancelledError, match="Nobody waits"):
        worker.builder.build()
    threading.Timer(0.5, worker.builder.cancel).start()
    with pytest.raises(CancelledError, match="Nobody waits"):
        worker.builder.build()
    assert time.monotonic() - began_at < 10
