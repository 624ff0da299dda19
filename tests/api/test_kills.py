"""Killed at any moment: what was acknowledged is kept, what was promised comes, and comes whole.

`STORE_UPTIME_KILLS` sets how often something is killed; see `make test-kills`.
"""

import os
import random
import signal
import threading
import time
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

import pytest

from api.releases import Releases
from tests.api.services import FIRST_REPORT, POLLS, Service, stores

KILLS = int(os.environ.get("STORE_UPTIME_KILLS", "1"))
SEED = int(os.environ.get("STORE_UPTIME_KILLS_SEED", "1"))
UPLOADS = 5
OPTIONS = ("", "?units=mixed", "?format=parquet")

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="The processes of a build are found in /proc."
)


def test_killed_at_any_moment(service: Service):
    chance = random.Random(SEED)
    # The first build also waits until dbt is imported.
    assert service.report(service.trigger()) == FIRST_REPORT
    began_at = time.monotonic()
    acknowledged = {"a"} | Uploads(service, "first").end()
    service.report(service.trigger())
    build_seconds = time.monotonic() - began_at
    for number in range(KILLS):
        uploads = Uploads(service, f"k{number}")
        before = [service.json("POST", f"/trigger_report{said}")["report_id"] for said in OPTIONS]
        victim = chance.choice(["service", "worker", "build", "all"]) if number else "service"
        if number:
            # While uploads come in, or anywhere in a build and its snapshots.
            time.sleep(chance.uniform(0, chance.choice([0.2, build_seconds])))
        else:
            # The build is writing.
            service.wait_until(service.db.with_name(service.db.name + ".wal").exists)
        begun = descendants(service.process.pid)
        kill(service, victim)
        acknowledged |= uploads.end()
        if service.process.poll() is not None:
            service.start()
        after = service.trigger()
        for report_id in (*before, after):
            assert service.end(report_id)["status"] == "Complete", (number, victim)
            check_is_whole(service, report_id)
        csv = service.request("GET", f"/download/{after}.csv")[1].decode()
        assert acknowledged <= set(stores(csv)), (number, victim)
        with Releases(service.db).open_newest() as (release, connection):
            [(count,)] = connection.execute("select count(*) from store_report").fetchall()
        assert count == len(stores(csv)), release
        assert (service.output / "store_report.csv").read_text() == csv
        if victim in ("service", "all"):
            # Nobody's build goes on.
            service.wait_until(lambda begun=begun: not any(map(is_alive, begun)))


class Uploads:
    """Uploads that go on until they are through or the service is gone."""

    def __init__(self, service: Service, prefix: str) -> None:
        self._service, self._prefix = service, prefix
        self._acknowledged: set[str] = set()
        self._refused: list[bytes] = []
        self._threads = [threading.Thread(target=self._send, args=(side,)) for side in "xy"]
        for thread in self._threads:
            thread.start()

    def end(self) -> set[str]:
        """Return the stores of the files that were acknowledged, once no more will be."""
        for thread in self._threads:
            thread.join()
        assert not self._refused
        return self._acknowledged

    def _send(self, side: str) -> None:
        for number in range(UPLOADS):
            store_id = f"{self._prefix}-{side}{number}"
            csv = f"{POLLS}{store_id},active,2026-03-11 16:00:00 UTC\n"
            try:
                status, said = self._service.request("POST", "/ingest/store_status", csv)
            except (OSError, HTTPException):
                return
            if status == 201:
                self._acknowledged.add(store_id)
            else:
                self._refused.append(said)


def kill(service: Service, victim: str) -> None:
    """Kill the service, the worker that builds for it, the fork that builds, or all of them."""
    worker = children(service.process.pid)
    build = [pid for parent in worker for pid in children(parent)]
    pids = {
        "service": [service.process.pid],
        "worker": worker,
        "build": build,
        "all": [service.process.pid, *worker, *build],
    }[victim]
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    if service.process.pid in pids:
        service.process.wait()


def check_is_whole(service: Service, report_id: str) -> None:
    """Check that a report has as many rows as its record tells, if it is one in text."""
    listed = service.json("GET", f"/reports/{report_id}")
    if listed["format"] == "csv":
        status, content = service.request("GET", f"/download/{report_id}.csv")
        assert status == 200
        assert content.endswith(b"\n")
        assert content.count(b"\n") == listed["stores"] + 1


def descendants(pid: int) -> list[int]:
    below = children(pid)
    return below + [deeper for child in below for deeper in descendants(child)]


def children(pid: int) -> list[int]:
    return [
        int(path.name)
        for path in Path("/proc").iterdir()
        if path.name.isdecimal() and parent_and_state(int(path.name))[0] == pid
    ]


def is_alive(pid: int) -> bool:
    return parent_and_state(pid)[1] not in ("", "Z", "X")


def parent_and_state(pid: int) -> tuple[int, str]:
    try:
        state, parent, *_ = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0, ""
    return int(parent), state
