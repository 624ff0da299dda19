"""Metrics, readiness, and a line in the log for each request."""

import json
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.main import create_app
from api.settings import Settings
from tests.api.fakes import FakeBuilder, local_client, publish
from tests.api.test_endpoints import end, trigger


def test_not_ready_without_a_release(client: TestClient):
    response = client.get("/ready")
    assert response.status_code == 503
    assert response.headers["content-type"] == "application/problem+json"
    found = {name for name, said in response.json()["checks"].items() if said != "ok"}
    assert found == {"release"}


def test_ready_with_a_release(client: TestClient, settings: Settings):
    publish(settings)
    response = client.get("/ready")
    assert (response.status_code, response.json()["status"]) == (200, "ready")


def test_not_ready_with_old_polls_or_a_full_disk(settings: Settings, builder: FakeBuilder):
    publish(settings)
    limits = {"poll_age_seconds_max": 1, "free_bytes_min": 1 << 62}
    with local_client(create_app(settings.model_copy(update=limits), builder)) as client:
        checks = client.get("/ready").json()["checks"]
    assert {name for name, said in checks.items() if said != "ok"} == {"freshness", "disk"}


@pytest.mark.parametrize("name", ["data", "output"])
@pytest.mark.parametrize("has_file", [False, True])
def test_not_ready_without_its_folders(
    client: TestClient, settings: Settings, name: str, has_file: bool
):
    publish(settings)
    folder: Path = getattr(settings, name)
    folder.rename(folder.with_name("elsewhere"))
    if has_file:
        folder.touch()
    response = client.get("/ready")
    setting = f"STORE_UPTIME_{name.upper()}"
    more = ", only a file of that name" if has_file else ""
    said = f"There is no folder where {setting} says{more}."
    assert (response.status_code, response.json()["detail"]) == (503, said)
    assert response.json()["checks"][name] == said


@pytest.mark.parametrize(
    ("name", "said"), [("data", "may not read"), ("output", "may not write into")]
)
def test_not_ready_where_it_may_not_use_its_folders(
    client: TestClient,
    settings: Settings,
    name: str,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
):
    """Who is root may do everything, so the answer of the system is made up."""
    publish(settings)
    folder: Path = getattr(settings, name)
    monkeypatch.setattr("os.access", lambda path, mode: path != folder)
    checks = client.get("/ready").json()["checks"]
    assert {name: said for name, said in checks.items() if said != "ok"} == {
        name: f"The service {said} the folder of STORE_UPTIME_{name.upper()}."
    }


def test_metrics_count_requests_reports_builds_and_rows(client: TestClient):
    end(client, trigger(client))
    client.get("/stores/secret-store")
    client.get("/nowhere/secret-path")
    text = client.get("/metrics").text
    for line in (
        'store_uptime_builds_total{result="succeeded"} 1.0',
        'store_uptime_report_seconds_count{status="Complete"} 1.0',
        "store_uptime_queue_length 0.0",
        'store_uptime_rejected_rows{reason="bad_time"} 1.0',
        'store_uptime_stores{status="up"} 1.0',
        "store_uptime_failed_refreshes 0.0",
        "store_uptime_request_seconds_count"
        '{method="POST",route="/trigger_report",status="200"} 1.0',
    ):
        assert line in text.splitlines()
    assert "store_uptime_newest_poll_age_seconds" in text
    assert 'route="/stores/{store_id:encoded}"' in text
    assert "secret" not in text


def test_log_has_the_cause_of_a_failure():
    fail = """
import logging
from api import logs
logs.configure()
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("api").exception("failed", extra={"said": {"path": "/"}})
"""
    printed = subprocess.run([sys.executable, "-c", fail], capture_output=True, text=True).stderr
    [entry] = map(json.loads, printed.splitlines())
    assert entry["exception"].splitlines()[-1] == "ZeroDivisionError: division by zero"
    assert datetime.fromisoformat(entry["timestamp"]).utcoffset() == timedelta(0)
    assert (entry["level"], entry["path"]) == ("error", "/")


def test_each_request_has_a_line_in_the_log(client: TestClient, capsys: pytest.CaptureFixture[str]):
    capsys.readouterr()
    client.get('/download/"☃.csv', headers={"X-Request-ID": "mine"})
    [said] = map(json.loads, capsys.readouterr().err.splitlines())
    assert 0 < said.pop("seconds") < 10
    assert datetime.fromisoformat(said.pop("timestamp")).utcoffset() == timedelta(0)
    assert said == {
        "event": "request",
        "level": "info",
        "method": "GET",
        "path": '/download/"☃.csv',
        "status": 404,
        "request_id": "mine",
    }
