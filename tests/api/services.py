"""A service process on folders of its own, with the real dbt project."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from api.settings import PROJECT
from tests.api.fakes import HEADER

DEADLINE_SECONDS = 60

# Nine till five every day, in UTC.
BUSINESS_HOURS = "store_id,dayOfWeek,start_time_local,end_time_local\n" + "".join(
    f"a,{day},09:00:00,17:00:00\n" for day in range(7)
)
TIMEZONES = "store_id,timezone_str\na,UTC\n"
POLLS = "store_id,status,timestamp_utc\n"
FIRST_POLLS = (
    f"{POLLS}a,active,2026-03-11 10:00:00 UTC\n"
    "a,inactive,2026-03-11 15:30:00 UTC\n"
    "a,inactive,2026-03-11 16:00:00 UTC\n"
)
# Down from 15:30 to 16:00, up in the rest of an hour, of eight hours, of seven times eight hours.
FIRST_REPORT = f"{HEADER}\na,30.00,30.00,450.00,30.00,3330.00,30.00\n"


def empty_db(folder: Path) -> Path:
    """Return the DuckDB file of the service in this folder; what an earlier one left is moved here.

    It has the same path for all, and the parse cache is left, which holds for one path only.
    """
    db = folder.parent / "service" / "store_uptime.duckdb"
    if db.parent.exists():
        before = db.parent.rename(folder / "left by an earlier service")
        with suppress(FileNotFoundError):
            shutil.copytree(before / "target", db.parent / "target")
    return db


class Service:
    """A server process on folders of its own."""

    def __init__(self, folder: Path) -> None:
        """Start on the inputs in `folder / "data"`, or on those of store `a` if there are none."""
        self.data, self.output = folder / "data", folder / "output"
        self.db = empty_db(folder)
        if not self.data.exists():
            self.data.mkdir()
            (self.data / "business_hours.csv").write_text(BUSINESS_HOURS)
            (self.data / "timezones.csv").write_text(TIMEZONES)
            (self.data / "store_status.csv").write_text(FIRST_POLLS)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.environment = os.environ | {
            "STORE_UPTIME_DATA": str(self.data),
            "STORE_UPTIME_DB": str(self.db),
            "STORE_UPTIME_OUTPUT": str(self.output),
            "STORE_UPTIME_HOST": "127.0.0.1",
            "STORE_UPTIME_PORT": str(self.port),
        }
        self._log = folder / "service.log"
        self.start()

    def start(self) -> None:
        with self._log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "api", "serve"],
                cwd=PROJECT,
                env=self.environment,
                stdout=log,
                stderr=log,
            )
        self.wait_until(self._answers)

    def stop(self, by: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(by)
        return self.process.wait(DEADLINE_SECONDS)

    def request(self, method: str, url: str, csv: str | None = None) -> tuple[int, bytes]:
        """Send a request, whose URL is not put in order as a good client would."""
        headers = {} if csv is None else {"Content-Type": "text/csv"}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_SECONDS)
        try:
            connection.request(method, url, csv, headers)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def json(self, method: str, url: str, csv: str | None = None) -> dict[str, Any]:
        return json.loads(self.request(method, url, csv)[1])

    def trigger(self) -> str:
        return self.json("POST", "/trigger_report")["report_id"]

    def end(self, report_id: str) -> dict[str, str]:
        """Return the state of a report once it is not running."""
        found: dict[str, str] = {}

        def has_ended() -> bool:
            found.update(self.json("GET", f"/get_report?report_id={report_id}"))
            return found["status"] != "Running"

        self.wait_until(has_ended)
        return found

    def report(self, report_id: str) -> str:
        """Return the CSV of a report once it is complete."""
        ended = self.end(report_id)
        assert ended == {"status": "Complete", "download_url": f"/download/{report_id}.csv"}
        status, content = self.request("GET", ended["download_url"])
        assert status == 200
        return content.decode()

    def release(self) -> str:
        return json.loads((self.db.parent / "current.json").read_text())["release"]

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        give_up_at = time.monotonic() + DEADLINE_SECONDS
        while not is_so():
            assert time.monotonic() < give_up_at, self._log.read_text()
            time.sleep(0.02)

    def _answers(self) -> bool:
        assert self.process.poll() is None, self._log.read_text()
        try:
            return self.request("GET", "/health")[0] == 200
        except OSError:
            return False


def poll(service: Service, store_id: str) -> None:
    """Have the first poll of a further store come in, which is open all day."""
    (service.data / f"store_status_{store_id}.csv").write_text(
        f"{POLLS}{store_id},active,2026-03-11 16:00:00 UTC\n"
    )


def stores(csv: str) -> list[str]:
    header, *rows = csv.splitlines()
    assert header == HEADER
    return [row.partition(",")[0] for row in rows]
