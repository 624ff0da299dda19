"""Of all that dbt says, who asked for the report learns how far it is and why it failed."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pytest
from dbt.artifacts.schemas.results import RunStatus, TestStatus
from dbt.cli.main import dbtRunnerResult

from api.build_worker import Counter, outcome
from api.builds import Progress, service_builder
from api.settings import PROJECT, Settings
from tests.api.services import empty_db

# A worker whose build is over at once, while closing the file takes a second.
WRITING = """
import os, time
from pathlib import Path
from api import build_worker

class Project:
    def __init__(self, *_): pass
    def parse(self): pass
    def keep_staging(self): pass
    def build(self, tell): return {"error": None, "is_locked": False}

class Connections:
    def close_all_connections():
        time.sleep(1)
        os.write(channel, b"written\\n")

channel = os.dup(1)
build_worker.Project = Project
build_worker.DuckDBConnectionManager = Connections
build_worker.main(Path("target"), [])
"""

# A worker that is in the middle of a build for ever, and has started a process.
BUILDING = """
import subprocess, threading
from pathlib import Path
from api import build_worker
from api.builds import Progress

class Project:
    def __init__(self, *_): pass
    def parse(self): pass
    def keep_staging(self): pass
    def build(self, tell):
        helper = subprocess.Popen(["sleep", "600"])
        tell(Progress(helper.pid, 0))
        threading.Event().wait()

build_worker.Project = Project
build_worker.main(Path("target"), [])
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


def test_a_real_build_tells_each_model_and_leaves_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    """Python tells of locks that are left when it ends, and so would `make report`."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "store_status.csv").write_text(
        "store_id,status,timestamp_utc\na,active,2026-03-11 10:00:00 UTC\n"
    )
    (data / "business_hours.csv").write_text("store_id,day,start_time_local,end_time_local\n")
    (data / "timezones.csv").write_text("store_id,timezone_str\n")
    settings = Settings(data=data, db=empty_db(tmp_path), output=tmp_path / "output")
    builder = service_builder(settings)
    told: list[Progress] = []
    try:
        builder.build(told.append)
        builder.finish()
    finally:
        builder.close()
    models = len(list((PROJECT / "models").rglob("*.sql")))
    assert told == [Progress(done, models) for done in range(models + 1)]
    assert capfd.readouterr() == ("", "")
    with duckdb.connect(settings.db, read_only=True) as connection:
        assert connection.execute("from stores").fetchall()


def test_file_that_another_process_is_writing():
    text = (
        'IO Error: Could not set lock on file "/warehouse/store_uptime.duckdb": '
        "Conflicting lock is held in /usr/bin/python3.11 (PID 12)."
    )
    assert outcome(failed(text)) == {"error": text, "is_locked": True}


@contextmanager
def worker(text: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start a worker that is asked for one build, in a session of its own as builders do."""
    with subprocess.Popen(
        [sys.executable, "-c", text],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
        yield process


def test_a_build_may_be_asked_for_before_the_file_is_closed():
    with worker(WRITING) as process:
        assert process.stdout is not None
        assert b'"error": null' in process.stdout.readline()
        said, _ = process.communicate(b"\n")
    assert [line[:7] for line in said.splitlines()] == [b"written", b'{"error', b"written"]


def test_the_file_is_closed_though_nobody_asks_for_more():
    with worker(WRITING) as process:
        assert process.stdout is not None
        assert b'"error": null' in process.stdout.readline()
        said, _ = process.communicate()
    assert said == b"written\n"


def test_a_build_that_nobody_waits_for_ends_with_all_that_it_started():
    with worker(BUILDING) as process:
        assert process.stdout is not None
        helper = json.loads(process.stdout.readline())["models_done"]
        process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not _is_running(helper)


def _is_running(pid: int) -> bool:
    try:
        # What has ended and was not yet cleared away is still listed.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
