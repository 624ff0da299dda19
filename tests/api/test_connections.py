"""Connections have limits, and whoever is refused costs no line of the log."""

import http.client
import logging
import socket
from pathlib import Path

import pytest

from api.logs import FewRefusals
from tests.api.services import Service


@pytest.fixture
def limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("STORE_UPTIME_CONNECTIONS_MAX", "4")
    monkeypatch.setenv("STORE_UPTIME_KEEP_ALIVE_SECONDS", "1")
    monkeypatch.setenv("STORE_UPTIME_HEADER_BYTES_MAX", "2048")
    service = Service(tmp_path)
    try:
        yield service
    finally:
        service.stop()


def test_connections_have_limits(limited: Service, tmp_path: Path):
    idle = [socket.create_connection(("127.0.0.1", limited.port), timeout=20) for _ in range(4)]
    for _ in range(20):
        assert limited.request("GET", "/health")[0] == 503
    for each in idle:
        each.close()
    limited.wait_until(lambda: limited.request("GET", "/health")[0] == 200)
    log = (tmp_path / "service.log").read_text()
    assert log.count("Exceeded concurrency limit.") == 1
    # Longer headers than are allowed, and a connection on which nothing more comes.
    with socket.create_connection(("127.0.0.1", limited.port), timeout=20) as endless:
        endless.sendall(b"GET /health?" + b"x" * 3000)
        assert endless.recv(12) == b"HTTP/1.1 400"
    connection = http.client.HTTPConnection("127.0.0.1", limited.port, timeout=20)
    connection.request("GET", "/health")
    assert connection.getresponse().read() == b'{"status":"ok"}'
    assert connection.sock.recv(1) == b""
    connection.close()


def test_refusals_are_counted_in_one_line(monkeypatch: pytest.MonkeyPatch):
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    refusals = FewRefusals()

    def told(message: str) -> str | None:
        record = logging.LogRecord("uvicorn.error", logging.WARNING, "", 0, message, (), None)
        return record.getMessage() if refusals.filter(record) else None

    said = "Invalid HTTP request received."
    assert [told(said) for _ in range(3)] == [said, None, None]
    assert told("Something else.") == "Something else."
    now += 61
    assert told(said) == f"{said} So were 2 others since it was said last."
