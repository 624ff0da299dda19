"""Many clients, an analyst and an open shell live beside builds without an error.

`STORE_UPTIME_LOAD_BUILDS` sets how many builds run meanwhile, and with it that there are 64
clients, and that the slowest answers are held against those of an idle service; see
`make test-load`.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from api.settings import PROJECT
from tests.api.services import FIRST_REPORT, Service, poll, stores
from tests.pipeline.warm_dbt import run_dbt

BUILDS = int(os.environ.get("STORE_UPTIME_LOAD_BUILDS", "0"))
CLIENTS, IDLE_ANSWERS = (64, 30) if BUILDS else (8, 2)
PAUSE_SECONDS = 0.1


@dataclass
class Answers:
    """How long each answer took, and those that were not as expected."""

    seconds: list[float] = field(default_factory=list)
    wrong: list[bytes] = field(default_factory=list)

    def p99(self) -> float:
        return sorted(self.seconds)[len(self.seconds) * 99 // 100]


def test_clients_analyst_and_shell_live_beside_builds(service: Service):
    report_id = service.trigger()
    assert service.report(report_id) == FIRST_REPORT
    with shell(service) as left_open:
        if BUILDS:
            # Behind a second build nothing is left to start.
            poll(service, "second")
            service.report(service.trigger())
        idle, busy = asyncio.run(idle_and_busy(service, report_id))
        said, _ = left_open.communicate("select count(*) as n from store_report;\n", 30)
    assert (idle.wrong, busy.wrong) == ([], [])
    # The shell still reads the release that it was opened on.
    assert "│ 1 │" in " ".join(said.split())
    assert len(busy.seconds) >= CLIENTS
    print(f"p99: {idle.p99():.4f} s idle, {busy.p99():.4f} s beside builds")
    if BUILDS:
        assert busy.p99() <= 5 * idle.p99()


async def idle_and_busy(service: Service, report_id: str) -> tuple[Answers, Answers]:
    """Have all clients ask while nothing is built, and then for as long as builds go on."""
    idle, busy = Answers(), Answers()
    has_ended = asyncio.Event()
    await asyncio.gather(
        *(ask(service, report_id, idle, has_ended, IDLE_ANSWERS) for _ in range(CLIENTS))
    )
    clients = asyncio.gather(
        *(ask(service, report_id, busy, has_ended, 1_000_000) for _ in range(CLIENTS))
    )
    try:
        await asyncio.to_thread(build, service)
    finally:
        has_ended.set()
    await clients
    return idle, busy


def build(service: Service) -> None:
    """Build for the service, and once for an analyst at the same time."""
    with ThreadPoolExecutor(1) as thread:
        command = ["build", "--exclude-resource-type", "unit_test"]
        analyst = thread.submit(run_dbt, command, service.environment)
        for number in range(max(BUILDS, 1)):
            poll(service, f"load{number}")
            assert f"load{number}" in stores(service.report(service.trigger()))
    is_built, said = analyst.result()
    assert is_built, said


async def ask(
    service: Service, report_id: str, answers: Answers, has_ended: asyncio.Event, times: int
) -> None:
    """Ask in turn for the state of a report and for its file, on one connection."""
    state = f'{{"status":"Complete","download_url":"/download/{report_id}.csv"}}'
    expected = {
        f"/get_report?report_id={report_id}": state.encode(),
        f"/download/{report_id}.csv": FIRST_REPORT.encode(),
    }
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    for number in range(times):
        if has_ended.is_set():
            break
        path, body = list(expected.items())[number % 2]
        began_at = time.perf_counter()
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        found = await reader.readexactly(int(length))
        # At first all clients connect at once, which no build has to do with.
        if number:
            answers.seconds.append(time.perf_counter() - began_at)
        if not head.startswith(b"HTTP/1.1 200") or found != body:
            answers.wrong.append(head + found)
        await asyncio.sleep(PAUSE_SECONDS)
    writer.close()
    await writer.wait_closed()


@contextmanager
def shell(service: Service) -> Iterator[subprocess.Popen[str]]:
    """Leave a read-only shell open on the newest release."""
    process = subprocess.Popen(
        [sys.executable, "-m", "api", "sql"],
        cwd=PROJECT,
        env=service.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        process.stdin.write(".print open\n")
        process.stdin.flush()
        assert process.stdout.readline() == "open\n"
        yield process
    finally:
        process.kill()
        process.wait()
