"""The service works behind nginx as docs/nginx.conf has it, which keeps slow clients off it."""

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from api.settings import PROJECT
from tests.api.services import POLLS, Service

NGINX = shutil.which("nginx")

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")


@pytest.fixture
def token(service: Service) -> str:
    command = [sys.executable, "-m", "api", "tokens", "create", "ops", "--scope", "admin"]
    made = subprocess.run(
        command, cwd=PROJECT, env=service.environment, capture_output=True, text=True, check=True
    )
    return made.stdout.strip()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path)
    try:
        yield service
    finally:
        service.stop()


@pytest.fixture
def port(service: Service, tmp_path: Path) -> Iterator[int]:
    """Offer the port of nginx, with the times of its configuration shortened."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    folder = tmp_path / "nginx"
    folder.mkdir()
    said = (PROJECT / "docs" / "nginx.conf").read_text("utf-8")
    for written, here in (
        ("127.0.0.1:8000", f"127.0.0.1:{service.port}"),
        ("listen 8080", f"listen 127.0.0.1:{port}"),
        ("client_header_timeout 10s", "client_header_timeout 1s"),
        ("client_body_timeout 30s", "client_body_timeout 1s"),
        ("store_uptime_connections 50", "store_uptime_connections 5"),
    ):
        assert said.count(written) == 1, written
        said = said.replace(written, here)
    (folder / "store_uptime.conf").write_text(said)
    temporary = "".join(
        f"{name}_temp_path {folder}/{name};\n"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    # Its workers are to write there, too.
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "main.conf").write_text(f"""
        {user}
        daemon off;
        pid {folder}/nginx.pid;
        events {{}}
        http {{
            access_log off;
            {temporary}
            include {folder}/store_uptime.conf;
        }}
    """)
    log = folder / "error.log"
    nginx = subprocess.Popen([NGINX, "-p", folder, "-c", folder / "main.conf", "-e", log])
    try:

        def listens() -> bool:
            assert nginx.poll() is None, log.read_text()
            with socket.socket() as tried:
                return tried.connect_ex(("127.0.0.1", port)) == 0

        service.wait_until(listens)
        yield port
    finally:
        nginx.terminate()
        nginx.wait(20)


def ask(
    port: int, token: str, method: str, url: str, body: bytes | None = None, **headers: str
) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        sent = {"Authorization": f"Bearer {token}", "Content-Type": "text/csv", **headers}
        connection.request(method, url, body, sent)
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def test_service_works_behind_nginx(service: Service, port: int, token: str):
    assert ask(port, token, "GET", "/health")[0] == 200
    assert ask(port, "su_0_0", "GET", "/reports")[0] == 401
    rows = "".join(f"b,active,2026-03-11 16:00:{n % 60:02} UTC\n" for n in range(60_000))
    status, said = ask(port, token, "POST", "/ingest/store_status", (POLLS + rows).encode())
    assert status == 201, said
    # Addresses are looked at that a proxy on this machine names; a client cannot name its own.
    spoofed = {"X-Forwarded-For": "192.0.2.1"}
    assert ask(port, token, "POST", "/trigger_report", **spoofed)[0] == 200
    entries = json.loads(ask(port, token, "GET", "/audit")[1])["entries"]
    assert {entry["client"] for entry in entries if entry["client"]} == {"127.0.0.1"}


def test_slow_clients_are_shut_out(port: int):
    slow = [socket.create_connection(("127.0.0.1", port), timeout=20) for _ in range(2)]
    slow[0].sendall(b"GET /hea")
    slow[1].sendall(b"POST /trigger_report HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
    began = time.monotonic()
    for each in slow:
        with suppress(ConnectionResetError):
            while each.recv(1000):
                pass
    assert time.monotonic() - began < 15


def test_one_address_has_so_many_connections_at_most(port: int, token: str):
    held = []
    for _ in range(5):
        each = socket.create_connection(("127.0.0.1", port), timeout=20)
        each.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        each.sendall(b"POST /trigger_report HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
        assert each.recv(15) == b"HTTP/1.1 200 OK"
        held.append(each)
    try:
        assert ask(port, token, "GET", "/health")[0] == 429
    finally:
        for each in held:
            each.close()
