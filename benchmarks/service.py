"""How long a report takes by HTTP, and how many questions the service answers in a second."""

import asyncio
import json
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.request import Request, urlopen

from benchmarks.builds import PROJECT, Scratch

CONNECTIONS = 16
REQUESTS = 4_000
ROUNDS = 5


@dataclass(frozen=True)
class Service:
    """Medians; seconds from the trigger to Complete, and answers per second."""

    unchanged_seconds: float
    refresh_seconds: float
    answers: float
    empty_answers: float


def measure(scratch: Scratch, new_polls: Iterator[None], repeat: int) -> Service:
    """Measure the service on a warehouse that is built; `new_polls` adds an hour at each step."""
    service = [sys.executable, "-m", "api", "serve"]
    empty = [sys.executable, "-m", "benchmarks.empty"]
    with _serving(scratch, service) as port, _serving(scratch, empty) as empty_port:
        # The first build waits until dbt is imported and the project parsed.
        next(new_polls)
        _report(port)
        unchanged = [_report(port)[0] for _ in range(repeat)]
        refreshed = [_report(port)[0] for _ in zip(range(repeat), new_polls, strict=False)]
        path = f"/get_report?report_id={_report(port)[1]}"
        answers, empty_answers = [], []
        for _ in range(ROUNDS):
            answers.append(asyncio.run(_answers_per_second(port, path)))
            empty_answers.append(asyncio.run(_answers_per_second(empty_port, "/")))
    return Service(*map(statistics.median, (unchanged, refreshed, answers, empty_answers)))


@contextmanager
def _serving(scratch: Scratch, command: list[str]) -> Iterator[int]:
    """Run a server on a free port of this machine; yield the port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = scratch.environment | {"STORE_UPTIME_PORT": str(port)}
    log = scratch.folder / "service.log"
    with log.open("a") as output:
        process = subprocess.Popen(
            command, cwd=PROJECT, env=environment, stdout=output, stderr=output
        )
    try:
        for _ in range(600):
            time.sleep(0.1)
            with socket.socket() as attempt:
                if attempt.connect_ex(("127.0.0.1", port)) == 0:
                    break
        else:
            sys.exit(f"{' '.join(command)} does not answer, see {log}")
        yield port
    finally:
        process.terminate()
        process.wait()


def _report(port: int) -> tuple[float, str]:
    """Trigger a report and wait for it; return the seconds and its id."""
    url = f"http://127.0.0.1:{port}"
    began = time.perf_counter()
    report_id = _ask(Request(f"{url}/trigger_report", method="POST"))["report_id"]
    while True:
        report = _ask(Request(f"{url}/get_report?report_id={report_id}"))
        if report["status"] == "Complete":
            return time.perf_counter() - began, report_id
        if report["status"] == "Failed":
            sys.exit(f"The report failed: {report['error']}")
        # Asking without a pause would take the time that it measures.
        time.sleep(0.005 + (time.perf_counter() - began) / 50)


def _ask(request: Request) -> dict:
    with urlopen(request, timeout=60) as answer:
        return json.load(answer)


async def _answers_per_second(port: int, path: str) -> float:
    began = time.perf_counter()
    share = REQUESTS // CONNECTIONS
    await asyncio.gather(*(_ask_again(port, path, share) for _ in range(CONNECTIONS)))
    return share * CONNECTIONS / (time.perf_counter() - began)


async def _ask_again(port: int, path: str, times: int) -> None:
    """Ask the same on one connection, the next question once the last is answered."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    for _ in range(times):
        writer.write(request)
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 200"):
            sys.exit(f"GET {path} was answered: {head.decode()}")
        length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length))
    writer.close()
    await writer.wait_closed()
