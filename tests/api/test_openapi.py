"""The description of the API is short, and clients that are generated from it work."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.api.services import FIRST_REPORT, Service

USE = """
import sys, time
from generated.api.reports import download, get_report, trigger_report
from generated.client import Client
from generated.models import Complete, ReportOptions, ReportOptionsUnits, Running

client = Client(base_url=sys.argv[1])
options = ReportOptions(units=ReportOptionsUnits.MIXED)
mixed = trigger_report.sync(client=client, body=options)
report_id = trigger_report.sync(client=client).report_id
give_up_at = time.monotonic() + 120
while isinstance(state := get_report.sync(client=client, report_id=report_id), Running):
    assert time.monotonic() < give_up_at
    time.sleep(0.1)
assert isinstance(state, Complete), state
name = state.download_url.rpartition("/")[2]
sys.stdout.write(download.sync(client=client, name=name))
"""


@pytest.fixture
def described(client: TestClient) -> dict[str, Any]:
    return client.get("/openapi.json").json()


def test_problem_is_there_once(described: dict[str, Any]):
    text = json.dumps(described)
    assert text.count('"title": "Problem"') == 1
    assert len(text) < 250_000


def test_operations_have_short_names_and_tags(described: dict[str, Any]):
    operations = [found for path in described["paths"].values() for found in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(set(names)) == len(names)
    assert max(names, key=len) == "read_hours_against_behaviour"
    known = {tag["name"] for tag in described["tags"]}
    assert {tag for operation in operations for tag in operation["tags"]} == known


def test_token_is_a_scheme_with_a_name(described: dict[str, Any]):
    assert list(described["components"]["securitySchemes"]) == ["Token"]
    assert described["paths"]["/stores"]["get"]["security"] == [{"Token": []}]


def test_state_of_a_report_is_one_of_three(described: dict[str, Any]):
    content = described["paths"]["/get_report"]["get"]["responses"]["200"]["content"]
    kinds = [kind["$ref"] for kind in content["application/json"]["schema"]["oneOf"]]
    assert kinds == [f"#/components/schemas/{kind}" for kind in ("Running", "Complete", "Failed")]


def test_generated_client_triggers_waits_and_downloads(service: Service, tmp_path: Path):
    description = tmp_path / "openapi.json"
    description.write_bytes(service.request("GET", "/openapi.json")[1])
    beside = Path(sys.executable).parent
    generated = subprocess.run(
        [
            beside / "openapi-python-client",
            "generate",
            "--fail-on-warning",
            "--meta=none",
            f"--path={description}",
            f"--output-path={tmp_path / 'generated'}",
        ],
        env=os.environ | {"PATH": f"{beside}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert generated.returncode == 0, generated.stdout
    used = subprocess.run(
        [sys.executable, "-c", USE, f"http://127.0.0.1:{service.port}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert used.stdout.replace("\r\n", "\n") == FIRST_REPORT, used.stderr
