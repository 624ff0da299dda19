"""Of all that dbt says, who asked for the report learns how far it is and why it failed."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from dbt.artifacts.schemas.results import RunStatus, TestStatus
from dbt.cli.main import dbtRunnerResult

from api.build_worker import Counter, outcome
from api.builds import Progress, service_builder
from api.settings import PROJECT, Settings

# A worker whose build is over at once, while what it has built takes a second to write down. Then
# it passes on the next request.
WRITING = """
import os, time
from api import build_worker

def write_down():
    time.sleep(1)
    os.write(1, b"written\\n")

build_worker.close_database = write_down
build_worker.in_fork(lambda tell: {"error": None, "is_locked": False}, 1)
os.write(1, os.read(0, 1))
"""

# A worker whose build makes a lock, as dbt does for its adapter, and keeps it until the end.
LOCKING = """
import multiprocessing
from api import build_worker

locks = []

def build(tell):
    locks.append(multiprocessing.get_context("spawn").RLock())
    return {"error": None, "is_locked": False}

build_worker.in_fork(build, 1)
"""


def failed(text: str) -> dbtRunnerResult:
    return dbtRunnerResult(success=False, exception=RuntimeError(text))


def of_nodes(*nodes: tuple[str, str, str, str | None]) -> dbtRunnerResult:
    """Return the result of a build of nodes given by kind, name, status and message."""
    return dbtRunnerResult(
        success=False,
        result=SimpleNamespace(
            results=[
                SimpleNamespace(
                    node=SimpleNamespace(resource_type=kind, name=name),
                    status=status,
                    message=message,
                )
                for kind, name, status, message in nodes
            ]
        ),
    )


def test_success():
    assert outcome(dbtRunnerResult(success=True)) == {"error": None, "is_locked": False}


@pytest.mark.parametrize(
    ("result", "error"),
    [
        (
            failed(
                "Compilation Error in operation store_uptime-on-run-start-0 (./dbt_project.yml)\n"
                "  Store Uptime: Missing column status in the file store_status.csv.\n"
                "  \n"
                "  > in macro stop_build (macros/stop_build.sql)\n"
            ),
            "Missing column status in the file store_status.csv.",
        ),
        (
            failed(
                "Runtime Error in model int_horizon (models/intermediate/int_horizon.sql)\n"
                "  Invalid Input Error: Store Uptime: no poll is valid.\n"
            ),
            "no poll is valid.",
        ),
        (
            failed(
                "Compilation Error\n"
                "  Model 'model.store_uptime.stores' (models/marts/stores.sql) depends on a node "
                "named 'polls' which was not found"
            ),
            "Compilation Error: Model 'model.store_uptime.stores' (models/marts/stores.sql) "
            "depends on a node named 'polls' which was not found",
        ),
        (
            of_nodes(
                ("model", "stores", RunStatus.Success, "OK"),
                (
                    "model",
                    "store_report",
                    RunStatus.Error,
                    "Runtime Error in model store_report (models/marts/store_report.sql)\n"
                    "  Conversion Error: Could not convert string 'x' to INT32\n"
                    "  \n"
                    "  LINE 10: select cast('x' as int)\n",
                ),
                ("test", "store_report__is_sorted", RunStatus.Skipped, None),
            ),
            "Runtime Error in model store_report (models/marts/store_report.sql): "
            "Conversion Error: Could not convert string 'x' to INT32",
        ),
        (
            of_nodes(
                ("model", "stores", RunStatus.Success, "OK"),
                ("test", "stores__are_unique", TestStatus.Fail, "Got 3 results"),
            ),
            "test stores__are_unique failed: Got 3 results",
        ),
        (
            failed(
                "Runtime Error\n"
                "  IO Error: Detached database 'release', but CHECKPOINT during DETACH failed. \n"
                '  Checkpoint failed for database "release". Original error: Could not write '
                'file "/releases/1.duckdb": No space left on device\n'
            ),
            "Runtime Error: IO Error: Detached database 'release', but CHECKPOINT during DETACH "
            'failed. Could not write file "/releases/1.duckdb": No space left on device',
        ),
        (failed(""), "dbt failed without a message."),
    ],
)
def test_failure(result: dbtRunnerResult, error: str):
    assert outcome(result) == {"error": error, "is_locked": False}


def test_models_that_are_done_are_counted():
    told: list[Progress] = []
    counter = Counter(2, told.append)
    for name, kind in [
        ("NodeStart", "model"),
        ("NodeFinished", "model"),
        ("NodeFinished", "test"),
        ("NodeFinished", "model"),
    ]:
        counter(
            SimpleNamespace(
                info=SimpleNamespace(name=name),
                data=SimpleNamespace(node_info=SimpleNamespace(resource_type=kind)),
            )
        )
    assert told == [Progress(done, 2) for done in (0, 1, 2)]


def test_real_build_tells_each_model(tmp_path: Path):
    data = tmp_path / "data"
    data.mkdir()
    (data / "store_status.csv").write_text(
        "store_id,status,timestamp_utc\na,active,2026-03-11 10:00:00 UTC\n"
    )
    (data / "business_hours.csv").write_text("store_id,day,start_time_local,end_time_local\n")
    (data / "timezones.csv").write_text("store_id,timezone_str\n")
    settings = Settings(
        data=data, db=tmp_path / "warehouse" / "store_uptime.duckdb", output=tmp_path / "output"
    )
    builder = service_builder(settings)
    told: list[Progress] = []
    try:
        builder.build(told.append)
    finally:
        builder.close()
    models = len(list((PROJECT / "models").rglob("*.sql")))
    assert told == [Progress(done, models) for done in range(models + 1)]


def test_file_that_another_process_is_writing():
    text = (
        'IO Error: Could not set lock on file "/warehouse/store_uptime.duckdb": '
        "Conflicting lock is held in /usr/bin/python3.11 (PID 12)."
    )
    assert outcome(failed(text)) == {"error": text, "is_locked": True}


@pytest.fixture
def writing() -> Iterator[subprocess.Popen[bytes]]:
    """Offer such a worker, whose build is over."""
    command = [sys.executable, "-c", WRITING]
    with subprocess.Popen(
        command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as worker:
        assert worker.stdout is not None
        assert b'"error": null' in worker.stdout.readline()
        yield worker


def test_a_build_may_be_asked_for_before_the_last_is_written_down(
    writing: subprocess.Popen[bytes],
):
    said, _ = writing.communicate(b"!")
    assert said == b"written\n!"


def test_what_is_built_is_written_down_though_nobody_asks_for_more(
    writing: subprocess.Popen[bytes],
):
    said, _ = writing.communicate()
    assert said == b"written\n"


def test_a_build_leaves_no_lock_behind():
    """Python tells of what is left when it ends, and so would `make report`."""
    command = [sys.executable, "-c", LOCKING]
    with subprocess.Popen(
        command, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as worker:
        assert worker.stdout is not None
        assert worker.stderr is not None
        assert b'"error": null' in worker.stdout.readline()
        assert b"leaked" not in worker.stderr.read()
