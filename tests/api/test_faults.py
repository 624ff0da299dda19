"""What is damaged, gone or full is said, and clients learn nothing of the machine by it."""

import logging
import os
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from fastapi.testclient import TestClient

from api import jobs as jobs_module
from api.builds import BuildError
from api.disk import for_clients, without_folders
from api.jobs import Jobs
from api.releases import Releases
from api.reports import Reports
from api.settings import Settings
from tests.api.fakes import FakeBuilder, csv_of, polls_of, publish
from tests.api.test_endpoints import end, trigger

RECORDS = ("access.sqlite", "reports.sqlite")


def damage(path: Path) -> None:
    """Have a file of SQLite, its log included, hold something else."""
    for name in (path, path.with_name(f"{path.name}-wal")):
        if name.exists():
            with name.open("r+b") as file:
                file.write(b"damaged" * 2000)


def checks(client: TestClient) -> dict[str, str]:
    response = client.get("/ready")
    assert client.get("/health").status_code == 200
    return {name: said for name, said in response.json()["checks"].items() if said != "ok"}


@pytest.mark.parametrize("name", RECORDS)
def test_record_that_was_removed_is_said(client: TestClient, settings: Settings, name: str):
    publish(settings)
    assert checks(client) == {}
    (settings.output / name).unlink()
    assert checks(client) == {
        "records": f"The record {name} cannot be used: {name} was removed; start the service again."
    }
    response = client.post("/trigger_report")
    assert response.status_code == 503
    assert response.json()["detail"] == (
        "The service's record of what was asked cannot be used just now: "
        f"{name} was removed; start the service again."
    )


@pytest.mark.parametrize("name", RECORDS)
def test_record_that_is_damaged_is_said(client: TestClient, settings: Settings, name: str):
    publish(settings)
    damage(settings.output / name)
    said = checks(client)
    assert list(said) == ["records"]
    assert said["records"].startswith(f"The record {name} cannot be used: ")


@pytest.mark.skipif(os.geteuid() == 0, reason="Who is root may write everything.")
def test_record_that_is_read_only_is_said(client: TestClient, settings: Settings):
    publish(settings)
    (settings.output / "reports.sqlite").chmod(0o400)
    assert checks(client) == {
        "records": "The record reports.sqlite cannot be used: attempt to write a readonly database."
    }


@pytest.mark.parametrize("name", RECORDS)
def test_service_does_not_start_on_a_damaged_record(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, name: str
):
    from api.__main__ import main

    (settings.output / name).write_bytes(b"damaged" * 2000)
    for setting in ("data", "db", "output"):
        monkeypatch.setenv(f"STORE_UPTIME_{setting.upper()}", str(getattr(settings, setting)))
    with pytest.raises(SystemExit) as ended:
        main(["serve"])
    assert ended.value.code == (
        f"Error: the record {name} cannot be used: file is not a database. Put a copy of it in "
        "its place, or move it away, with its -wal and -shm, to begin a new one."
    )


def test_damaged_release_falls_back_to_the_one_before(
    client: TestClient, settings: Settings, caplog: pytest.LogCaptureFixture
):
    before = publish(settings, datetime.now(UTC) - timedelta(hours=1))
    (settings.data / "store_status_b.csv").write_text(polls_of("b"))
    newest = publish(settings)
    newest.write_bytes(newest.read_bytes()[:1000])
    for _ in range(3):
        assert client.get("/reports/newest.csv").text == csv_of("a")
    ready = client.get("/ready")
    assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
    assert ready.json()["checks"]["release"] == (
        f"The release {newest.stem} cannot be read; the one before it, {before.stem}, is shown. "
        "POST /trigger_report builds a new one."
    )
    assert [record.message.partition(":")[0] for record in caplog.records].count(
        f"The release {newest.stem} cannot be read"
    ) == 1
    # The next report is right, and so is what is shown from then on.
    report = client.get(end(client, trigger(client))["download_url"])
    assert report.text == client.get("/reports/newest.csv").text == csv_of("a", "b")
    assert client.get("/ready").json()["status"] == "ready"


def test_damage_that_shows_late_is_answered_from_the_release_before(
    client: TestClient, settings: Settings
):
    """Only the part of a file that is read is looked at."""
    publish(settings, datetime.now(UTC) - timedelta(hours=1))
    rows = "".join(f"s{number},active,2026-03-12 18:00:00 UTC\n" for number in range(50_000))
    (settings.data / "store_status_many.csv").write_text(polls_of("b") + rows)
    newest = publish(settings)
    content = bytearray(newest.read_bytes())
    with duckdb.connect(str(newest), read_only=True) as connection:
        [(block,)] = connection.execute(
            "select min(block_id) from pragma_storage_info('store_report_minutes')"
            " where column_name = 'store_id' and block_id >= 0"
        ).fetchall()
    at = 3 * 4096 + block * 262_144 + 100_000
    content[at] ^= 0xFF
    newest.write_bytes(content)
    assert client.get("/reports/newest.csv").text == csv_of("a")
    assert client.get("/ready").json()["status"] == "degraded"
    # A report builds anew, though nothing else has changed.
    state = end(client, trigger(client))
    assert state["status"] == "Complete"
    assert client.get("/ready").json()["status"] == "ready"


def test_full_disk_fails_reports_in_a_sentence(
    settings: Settings,
    builder: FakeBuilder,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(jobs_module, "RETRY_SECONDS", 0.01)
    reports = Reports(settings.output)
    jobs = Jobs(settings, reports, Releases(settings.db), builder)
    report_id = reports.add()
    write, is_full, tried = reports._write, True, 0

    def write_if_there_is_room(*values: object) -> object:
        nonlocal tried
        tried += 1
        if is_full:
            error = sqlite3.OperationalError("database or disk is full")
            error.sqlite_errorcode = sqlite3.SQLITE_FULL
            raise error
        return write(*values)

    monkeypatch.setattr(reports, "_write", write_if_there_is_room)
    jobs.start()
    try:
        give_up_at = datetime.now(UTC) + timedelta(seconds=20)
        while tried < 10 and datetime.now(UTC) < give_up_at:
            jobs.wake()
        found = reports.find(report_id)
        assert (found.status, found.error) == ("Failed", "There is no room left on the disk.")
        is_full = False
        again = reports.add()
        jobs.wake()
        while reports.find(again).status != "Complete" and datetime.now(UTC) < give_up_at:
            pass
    finally:
        jobs.stop()
    # It has been told to clients, and stays.
    assert reports.read("select error from reports where report_id = ?", (report_id,)) == [
        ("There is no room left on the disk.",)
    ]
    assert reports.find(again).status == "Complete"
    reports.close()
    broke_off = [record for record in caplog.records if "broke off" in record.message]
    assert [(record.levelno, record.exc_info) for record in broke_off] == [(logging.ERROR, None)]


def test_failed_report_names_no_folder_and_no_columns(
    client: TestClient, settings: Settings, builder: FakeBuilder
):
    def fail() -> None:
        raise BuildError(
            f"no column status in {settings.data}/store_status_b.csv, whose columns are: root:x:0."
        )

    builder.meanwhile = fail
    report_id = trigger(client)
    said = end(client, report_id)
    assert said == {"status": "Failed", "error": "no column status in store_status_b.csv."}
    assert client.get(f"/reports/{report_id}").json()["error"] == said["error"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("there is no folder /srv/chain/in. See it.", "there is no folder in. See it."),
        (
            'IO Error: Cannot open file "/var/x/a.duckdb": no',
            'IO Error: Cannot open file "a.duckdb": no',
        ),
        ("of 7/8 in 2026/03/a.csv", "of 7/8 in 2026/03/a.csv"),
        ("POST /trigger_report starts one.", "POST /trigger_report starts one."),
        ("in the folder /data.", "in the folder data."),
    ],
)
def test_folders_of_this_machine_are_left_out(text: str, said: str):
    assert for_clients(text, Path("/data")) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("/da'ta/in/2026/a.csv", "2026/a.csv"),
        ("/else/where/a b.csv", "a b.csv"),
        ("seeds/a.csv", "seeds/a.csv"),
        (
            "/da'ta/in/a.csv was not read: it is a link to /x/y, which is not there.",
            "a.csv was not read: it is a link to y, which is not there.",
        ),
        (None, None),
    ],
)
def test_rows_name_files_below_the_folder(text: str | None, said: str | None):
    value = without_folders("?::varchar", Path("/da'ta/in"))
    assert duckdb.execute(f"select {value}", [text]).fetchall() == [(said,)]
