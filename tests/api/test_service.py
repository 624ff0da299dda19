"""The whole service with the real dbt project: over HTTP, killed, restarted, disturbed."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path

import pytest

from api.releases import Releases
from tests.api.services import FIRST_REPORT, POLLS, Service, poll, stores
from tests.pipeline.warm_dbt import run_dbt

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


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Offer a service that has made its first report; tests may add stores to its inputs."""
    service = Service(tmp_path_factory.mktemp("service"))
    try:
        assert service.report(service.trigger()) == FIRST_REPORT
        yield service
    finally:
        service.stop()


def test_nothing_changed_needs_no_build(service: Service):
    service.report(service.trigger())
    before = service.release()
    service.report(service.trigger())
    assert service.release() == before


def test_newest_report_lies_in_the_output_folder(service: Service):
    csv = service.report(service.trigger())
    assert (service.output / "store_report.csv").read_text() == csv


def test_triggers_at_the_same_time_share_a_build_and_not_a_file(service: Service):
    before = set(service.db.parent.glob("releases/*.duckdb"))
    poll(service, "together")
    with ThreadPoolExecutor(4) as threads:
        report_ids = list(threads.map(lambda _: service.trigger(), range(4)))
        csvs = list(threads.map(service.report, report_ids))
    assert len(set(report_ids)) == 4
    assert len(set(csvs)) == 1
    assert "together" in stores(csvs[0])
    assert len(set(service.db.parent.glob("releases/*.duckdb")) - before) == 1


def test_input_without_a_column_fails_in_one_sentence(service: Service):
    broken = service.data / "store_status_broken.csv"
    broken.write_text("store_id,timestamp_utc\nb,2026-03-11 16:00:00 UTC\n")
    ended = service.end(service.trigger())
    broken.unlink()
    assert ended["status"] == "Failed"
    assert "status" in ended["error"]
    assert "store_status_broken.csv" in ended["error"]
    assert len(ended["error"].splitlines()) == 1
    assert service.end(service.trigger())["status"] == "Complete"


@pytest.mark.parametrize(
    "name",
    [
        "reports.sqlite",
        "../warehouse/current.json",
        "..%2Fwarehouse%2Fcurrent.json",
        "%2e%2e/warehouse/current.json",
        "%2e%2e%2fstore_report.csv",
        "..%5Cstore_report.csv",
        "//etc/passwd",
        "%2Fetc%2Fpasswd",
        "store_report.csv%00",
        "./store_report.csv",
    ],
)
def test_only_reports_can_be_downloaded(service: Service, name: str):
    status, content = service.request("GET", f"/download/{name}")
    assert (status, json.loads(content)["status"]) == (404, 404)


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
    csv = service.report(service.trigger())
    assert used.stdout.replace("\r\n", "\n") == csv, used.stderr


def test_next_report_is_without_what_was_removed_and_with_what_was_sent_again(service: Service):
    def send(url: str, store: str) -> int:
        csv = f"{POLLS}{store},active,2026-03-11 16:00:00 UTC\n"
        return service.request("PUT", f"/inputs/store_status/{url}", csv)[0]

    before = stores(service.report(service.trigger()))
    assert [send("x", "sent b"), send("y", "sent c")] == [201, 201]
    assert stores(service.report(service.trigger())) == sorted([*before, "sent b", "sent c"])
    assert send("x", "sent d") == 200
    files = service.json("GET", "/inputs")["inputs"]
    [y] = [file["id"] for file in files if file["name"] == "y"]
    assert service.request("DELETE", f"/inputs/{y}")[0] == 204
    assert stores(service.report(service.trigger())) == sorted([*before, "sent d"])


def test_build_of_an_analyst_and_a_trigger_leave_each_other_alone(service: Service):
    poll(service, "beside")
    with ThreadPoolExecutor(1) as thread:
        command = ["build", "--select", "tag:none", "stores"]
        analyst = thread.submit(run_dbt, command, service.environment)
        csv = service.report(service.trigger())
    assert "beside" in stores(csv)
    is_built, said = analyst.result()
    assert is_built, said


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_service_stops_soon_beside_a_build_a_wait_and_a_slow_upload(
    service: Service, by: signal.Signals
):
    poll(service, "stopped")
    files = {*service.data.glob("store_status*")}
    report_id = service.trigger()
    service.wait_until(service.db.with_name(service.db.name + ".wal").exists)

    def answer(url: str) -> None:
        with suppress(OSError, HTTPException):
            service.request("GET", url)

    with socket.create_connection(("127.0.0.1", service.port)) as upload:
        upload.sendall(
            b"POST /ingest/store_status HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: text/csv\r\nContent-Length: 1000\r\n\r\nstore_id"
        )
        waiting = threading.Thread(
            target=answer, args=[f"/get_report?report_id={report_id}&wait=60"]
        )
        waiting.start()
        # It has been taken in once a later request was answered.
        service.request("GET", "/health")
        began_at = time.monotonic()
        service.stop(by)
        # Two, and what a loaded machine adds.
        assert time.monotonic() - began_at < 4
    waiting.join()
    assert {*service.data.glob("store_status*")} == files
    service.start()
    assert "stopped" in stores(service.report(report_id))


def test_optional_input_is_in_the_next_report_and_can_be_read(service: Service):
    csv = (
        "store_id,from,to,reason\na,2026-03-11 15:00:00,2026-03-11 16:00:00,move\n"
        "b,2026-03-11 15:00:00,2026-03-11 14:00:00,backwards\n"
    )
    judged = service.json("POST", "/ingest/exclusions?dry_run=true", csv)
    assert [(reason["reason"], reason["rows"]) for reason in judged["rejected"]] == [
        ("ends_before_it_starts", 1)
    ]
    service.json("POST", "/ingest/exclusions", csv)
    # All of the last hour, as of 16:00, is excluded.
    as_of = "as_of=2026-03-11T16:00:00Z&stores=a"
    report_id = service.json("POST", f"/trigger_report?{as_of}")["report_id"]
    assert service.report(report_id).splitlines()[1].startswith("a,0.00,0.00,")
    [excluded] = service.json("GET", "/exclusions?stores=a")["exclusions"]
    assert (excluded["started_at"], excluded["reason"]) == ("2026-03-11T15:00:00.000000Z", "move")


def test_receipt_and_dry_run_reject_what_a_build_rejects(service: Service):
    """Four are wrong one by one; that two are contradicted by the second row a build finds out."""
    csv = (
        f"{POLLS}dry,active,2026-03-11 16:00:00 UTC\n"
        "dry,inactive,2026-03-11 16:00:00 UTC\n"
        "dry,ACTIVE , 2026-03-11T17:00:00+01:00\n"
        "dry,active\n"
        " ,active,2026-03-11 16:00:00 UTC\n"
        "dry,paused,2026-03-11 16:00:00 UTC\n"
        "dry,active,2026-02-30 16:00:00 UTC\n"
    )
    said = service.json("POST", "/ingest/store_status?dry_run=true", csv)
    assert (said["rows"], said["rejected_rows"]) == (7, 4)
    assert not list(service.data.glob(f"*{said['sha256']}*"))
    receipt = service.json("POST", "/ingest/store_status", csv)
    assert (receipt["malformed_rows"], receipt["rejected_rows"]) == (1, 4)
    service.report(service.trigger())
    assert service.json("GET", f"/ingest/{said['sha256']}")["is_in_newest_release"]
    with Releases(service.db).open_newest() as (_, connection):
        rejected = connection.execute(
            "select reason, count(*) from rejected_rows where file like ? group by all",
            [f"%{said['sha256']}.csv"],
        ).fetchall()
    assert receipt["rejected"] | {"contradictory_poll": 2} == dict(rejected)
    assert {reason["reason"]: reason["rows"] for reason in said["rejected"]} == receipt["rejected"]
    bad = next(reason for reason in said["rejected"] if reason["reason"] == "bad_timestamp")
    assert bad["samples"] == [
        {
            "line_number": 8,
            "store_id": "dry",
            "raw_values": '{"store_id":"dry","status":"active",'
            '"timestamp_utc":"2026-02-30 16:00:00 UTC"}',
        }
    ]


def test_zone_that_came_last_holds_and_odd_columns_stop_nothing(service: Service):
    """The folder's file was there before, whatever it is called."""
    (service.data / "timezones.csv").rename(service.data / "timezones_z.csv")
    for zone in ("America/Chicago", "America/New_York"):
        service.json("POST", "/ingest/timezones", f"store_id,timezone_str\na,{zone}\n")
    attributes = "store_id,brand,timestamp_utc,status,file_key\na,Pizza,2026-01-01,x,7\n"
    status, _ = service.request("POST", "/ingest/stores", attributes)
    assert status == 201
    service.report(service.trigger())
    with Releases(service.db).open_newest() as (_, connection):
        rejected = connection.execute(
            """
            select reason from rejected_rows where input = 'timezones' and store_id = 'a'
            """
        ).fetchall()
        zones = connection.execute("select timezone from stores where store_id = 'a'").fetchall()
    assert zones == [("America/New_York",)]
    assert set(rejected) == {("contradictory_timezone",)}
