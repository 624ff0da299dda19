"""The list of reports, what can be asked of one, and how it goes again."""

import re
import sqlite3
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
import pytest
from fastapi.testclient import TestClient
from starlette.exceptions import HTTPException

from api import jobs as jobs_module
from api import reports as reports_module
from api.access import Access
from api.builds import BuildError
from api.instants import as_text
from api.main import create_app
from api.reports import CANCELLED, Contents, Reports
from api.settings import Settings
from api.snapshots import ReportOptions
from tests.api.fakes import AS_OF, FakeBuilder, csv_of, local_client, publish
from tests.api.test_access import bearer
from tests.api.test_endpoints import end, state, trigger

FILE_IS_WANTED = ("text/csv", "text/csv, */*", "application/json, text/csv")
FILE_IS_NOT_WANTED = (
    "text/csv;q=0.5, application/json",
    "text/csv;q=0",
    "text/html, */*;q=0.8",
    "*/*",
    "application/pdf",
    ";;,",
)


def test_list_has_the_newest_first_in_pages(client: TestClient):
    triggered = [trigger(client) for _ in range(5)]
    end(client, triggered[-1])
    first = client.get("/reports", params={"limit": 3}).json()
    second = client.get("/reports", params={"limit": 3, "cursor": first["next_cursor"]}).json()
    listed = [report["report_id"] for report in first["reports"] + second["reports"]]
    assert listed == triggered[::-1]
    assert second["next_cursor"] is None


def test_last_page_that_is_full_is_the_last(client: TestClient):
    triggered = [trigger(client) for _ in range(3)]
    for report_id in triggered:
        end(client, report_id)
    page = client.get("/reports", params={"limit": 3}).json()
    assert (len(page["reports"]), page["next_cursor"]) == (3, None)
    audited = client.get("/audit", params={"limit": 3}).json()
    assert (len(audited["entries"]), audited["next_before"]) == (3, None)


def test_entry_says_what_the_report_tells_of(client: TestClient):
    report_id = trigger(client)
    end(client, report_id)
    entry = client.get(f"/reports/{report_id}").json()
    assert entry.pop("requested_at") < entry.pop("finished_at")
    assert entry == {
        "report_id": report_id,
        "status": "Complete",
        "error": None,
        "format": "csv",
        "options": {},
        "requested_by": "this machine",
        "as_of": AS_OF,
        "stores": 1,
        "rejected_rows": 1,
        "methodology": None,
        "notes": [],
        "progress": None,
    }


def test_instants_are_written_as_in_all_answers(client: TestClient):
    report_id = trigger(client)
    end(client, report_id)
    entry = client.get(f"/reports/{report_id}").json()
    audited = client.get("/audit").json()["entries"][0]
    for at in (entry["requested_at"], entry["finished_at"], audited["at"]):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", at)


def test_running_report_says_how_far_its_build_is(client: TestClient, builder: FakeBuilder):
    builder.may_end.clear()
    running = trigger(client)
    assert builder.has_begun.wait(10)
    waiting = trigger(client)
    progress = {"models_done": 2, "models_all": 3}
    assert client.get(f"/reports/{running}").json()["progress"] == progress
    listed = client.get("/reports").json()["reports"]
    assert {report["report_id"]: report["progress"] for report in listed} == {
        running: progress,
        waiting: None,
    }
    builder.may_end.set()
    for report_id in (running, waiting):
        end(client, report_id)
        assert client.get(f"/reports/{report_id}").json()["progress"] is None


def test_cursor_of_another_list_is_refused(client: TestClient):
    response = client.get("/reports", params={"cursor": "x"})
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"


def test_finished_report_is_removed_with_its_file(client: TestClient, settings: Settings):
    report_id = trigger(client)
    end(client, report_id)
    assert client.delete(f"/reports/{report_id}").status_code == 204
    assert not (settings.output / f"{report_id}.csv").exists()
    for answer in (
        client.get("/get_report", params={"report_id": report_id}),
        client.get(f"/reports/{report_id}"),
        client.delete(f"/reports/{report_id}"),
        client.get(f"/download/{report_id}.csv"),
    ):
        assert answer.status_code == 404


def test_report_is_not_forgotten_before_its_file_is_gone(
    client: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    report_id = trigger(client)
    end(client, report_id)

    def break_off(path: Path, missing_ok: bool = False) -> None:
        raise OSError("The disk is gone.")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", break_off)
        assert client.delete(f"/reports/{report_id}").status_code == 500
    assert client.delete(f"/reports/{report_id}").status_code == 204
    assert not (settings.output / f"{report_id}.csv").exists()


def test_only_a_complete_report_has_a_file_to_fetch(
    client: TestClient, builder: FakeBuilder, settings: Settings
):
    builder.may_end.clear()
    running = trigger(client)
    assert builder.has_begun.wait(10)
    unknown = str(uuid4())
    for report_id in (running, unknown):
        (settings.output / f"{report_id}.csv").write_text("left behind\n")
        assert client.get(f"/download/{report_id}.csv").status_code == 404
    builder.may_end.set()
    end(client, running)
    assert client.get(f"/download/{running}.csv").text == csv_of("a")
    (settings.output / f"{running}.json").write_text("left behind\n")
    assert client.get(f"/download/{running}.json").status_code == 404


def test_running_report_is_cancelled_and_leaves_no_file(
    client: TestClient, builder: FakeBuilder, settings: Settings
):
    builder.may_end.clear()
    cancelled = trigger(client)
    assert builder.has_begun.wait(10)
    assert client.delete(f"/reports/{cancelled}").status_code == 204
    builder.may_end.set()
    end(client, trigger(client))
    assert state(client, cancelled) == {"status": "Failed", "error": CANCELLED}
    assert not (settings.output / f"{cancelled}.csv").exists()


def test_cancelled_report_does_not_take_another_along(
    client: TestClient, builder: FakeBuilder, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    """Both are of one snapshot; the first is cancelled before the other is copied from its file."""
    write_report = jobs_module.write_report

    def write_and_cancel(connection: Any, path: Path, options: ReportOptions) -> int:
        rows = write_report(connection, path, options)
        if path.stem == triggered[0]:
            assert client.delete(f"/reports/{triggered[0]}").status_code == 204
        return rows

    monkeypatch.setattr(jobs_module, "write_report", write_and_cancel)
    triggered = []
    builder.may_end.clear()
    before = trigger(client)
    assert builder.has_begun.wait(10)
    triggered += [trigger(client), trigger(client)]
    builder.may_end.set()
    for report_id in (before, *triggered):
        end(client, report_id)
    assert [state(client, report_id)["status"] for report_id in triggered] == ["Failed", "Complete"]
    assert not (settings.output / f"{triggered[0]}.csv").exists()


def test_nothing_is_promised_once_the_record_is_gone(client: TestClient, settings: Settings):
    for file in settings.output.glob("reports.sqlite*"):
        file.unlink()
    response = client.post("/trigger_report")
    assert response.status_code == 503
    assert response.json()["detail"] == (
        "The service's record of what was asked cannot be used just now: "
        "reports.sqlite was removed; start the service again."
    )


def test_key_gives_the_same_report_again(client: TestClient):
    def trigger_with(key: str, **options: str) -> tuple[int, str]:
        response = client.post("/trigger_report", params=options, headers={"Idempotency-Key": key})
        return response.status_code, response.json().get("report_id")

    first = trigger_with("a")
    assert trigger_with("a") == first
    assert trigger_with("b") != first
    assert trigger_with("a", units="mixed") == (409, None)


def test_key_of_a_failed_report_gives_it_again_and_says_so(
    client: TestClient, builder: FakeBuilder
):
    def trigger_with(key: str) -> str:
        response = client.post("/trigger_report", headers={"Idempotency-Key": key})
        return response.json()["report_id"]

    def fail() -> None:
        raise BuildError("Missing column status.")

    builder.meanwhile = fail
    failed = trigger_with("a")
    assert end(client, failed)["status"] == "Failed"
    builder.meanwhile = lambda: None
    assert trigger_with("a") == failed
    assert end(client, trigger_with("b"))["status"] == "Complete"
    declared = client.get("/openapi.json").json()["paths"]["/trigger_report"]["post"]
    [key] = (each for each in declared["parameters"] if each["in"] == "header")
    assert "a new attempt needs a new key" in key["description"]


def test_key_belongs_to_the_token_and_not_to_its_name(client: TestClient, settings: Settings):
    access = Access(settings.output)

    def trigger_with(token: str) -> str:
        headers = bearer(token) | {"Idempotency-Key": "k"}
        return client.post("/trigger_report", headers=headers).json()["report_id"]

    one, other = (access.create("nightly", ["read", "run"]) for _ in range(2))
    first, second = trigger_with(one), trigger_with(other)
    assert first != second
    assert [trigger_with(one), trigger_with(other)] == [first, second]
    listed = client.get("/reports", headers=bearer(one)).json()["reports"]
    assert [(report["report_id"], report["requested_by"]) for report in listed] == [
        (second, "nightly"),
        (first, "nightly"),
    ]


def test_key_with_other_options_is_refused(settings: Settings):
    reports = Reports(settings.output)
    reports.add(requested_by="one", key="k")
    with pytest.raises(HTTPException, match="409"):
        reports.add(ReportOptions(units="mixed"), "one", "k")
    reports.close()


def test_options_come_as_parameters_or_as_json(client: TestClient):
    asked = [
        client.post("/trigger_report", params={"stores": ["a"], "units": "minutes"}),
        client.post("/trigger_report", json={"stores": ["a"]}),
    ]
    for response in asked:
        report_id = response.json()["report_id"]
        assert end(client, report_id)["status"] == "Complete"
        assert client.get(f"/reports/{report_id}").json()["options"] == {"stores": ["a"]}


def test_option_may_come_twice_but_not_contradict_itself(client: TestClient):
    at = "2026-03-12T18:00:00Z"
    same = client.post(
        "/trigger_report",
        params={"units": "mixed", "as_of": "2026-03-12T19:00:00+01:00"},
        json={"units": "mixed", "as_of": at, "columns": "all"},
    )
    assert client.get(f"/reports/{same.json()['report_id']}").json()["options"] == {
        "units": "mixed",
        "as_of": at,
        "columns": "all",
    }
    # Also what is the default, if it is said.
    for name, said, other in (("units", "minutes", "mixed"), ("stores", ["a"], ["b"])):
        response = client.post("/trigger_report", params={name: said}, json={name: other})
        assert (response.status_code, response.json()["detail"]) == (
            422,
            f"query.{name}: {said!r} contradicts {other!r} in the body; one of them is enough.",
        )


@pytest.mark.parametrize(
    "options",
    [{"units": "days"}, {"format": "pdf"}, {"as_of": "soon"}, {"stores": []}, {"speed": "high"}],
)
def test_option_that_there_is_not_is_refused(client: TestClient, options: dict[str, object]):
    response = client.post("/trigger_report", json=options)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"


def test_report_on_a_store_that_there_is_not_fails(client: TestClient):
    store_id = "'; drop table stores; --"
    report_id = client.post("/trigger_report", json={"stores": [store_id]}).json()["report_id"]
    assert end(client, report_id) == {
        "status": "Failed",
        "error": f"There are no stores {store_id!r}.",
    }


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet", "json"])
def test_newest_report_is_written_when_asked_for(
    client: TestClient, settings: Settings, builder: FakeBuilder, ending: str
):
    url = f"/reports/newest.{ending}"
    assert client.get(url).status_code == 503
    publish(settings)
    response = client.get(url)
    assert response.status_code == 200
    report_id = client.post("/trigger_report", params={"format": ending}).json()["report_id"]
    assert end(client, report_id)["status"] == "Complete"
    if ending != "xlsx":
        # A workbook has the time in it.
        assert response.content == client.get(f"/download/{report_id}.{ending}").content
    known = client.get(url, headers={"If-None-Match": response.headers["etag"]})
    assert known.status_code == 304


def test_newest_report_has_the_formats_of_reports(client: TestClient):
    response = client.get("/reports/newest.pdf")
    said = "There is no 'pdf'; there are csv, parquet, json, xlsx."
    assert (response.status_code, response.json()["detail"]) == (404, said)


def test_figures_in_parquet_are_doubles(client: TestClient, settings: Settings, tmp_path: Path):
    publish(settings)
    path = tmp_path / "report.parquet"
    path.write_bytes(client.get("/reports/newest.parquet").content)
    kinds = duckdb.execute(f"describe from '{path}'").fetchall()
    assert [kind for _, kind, *_ in kinds] == ["VARCHAR", *["DOUBLE"] * 6]


def test_answer_waits_for_the_end_of_a_report(client: TestClient, builder: FakeBuilder):
    builder.may_end.clear()
    url = f"/get_report?report_id={trigger(client)}"
    assert builder.has_begun.wait(10)
    began_at = time.monotonic()
    assert client.get(f"{url}&wait=1").json() == {"status": "Running"}
    assert time.monotonic() - began_at >= 1
    threading.Timer(0.2, builder.may_end.set).start()
    began_at = time.monotonic()
    assert client.get(f"{url}&wait=60").json()["status"] == "Complete"
    assert time.monotonic() - began_at < 30
    assert client.get(f"{url}&wait=61").status_code == 422


def test_accept_says_what_is_wanted(client: TestClient):
    report_id = trigger(client)
    end(client, report_id)
    found = {}
    for accept in (*FILE_IS_WANTED, *FILE_IS_NOT_WANTED):
        response = client.get(f"/get_report?report_id={report_id}", headers={"Accept": accept})
        assert response.headers["vary"] == "Accept"
        found[accept] = response.headers["content-type"].partition(";")[0]
    assert found == {
        **dict.fromkeys(FILE_IS_WANTED, "text/csv"),
        **dict.fromkeys(FILE_IS_NOT_WANTED, "application/json"),
    }


def test_accept_gets_the_file_itself_once_it_is_there(client: TestClient, builder: FakeBuilder):
    builder.may_end.clear()
    report_id = trigger(client)

    def ask() -> tuple[str, str]:
        response = client.get(
            "/get_report", params={"report_id": report_id}, headers={"Accept": "text/csv"}
        )
        return response.headers["content-type"], response.text

    assert ask() == ("application/json", '{"status":"Running"}')
    builder.may_end.set()
    end(client, report_id)
    assert ask() == ("text/csv; charset=utf-8", csv_of("a"))


def test_old_reports_expire(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    reports = Reports(settings.output)
    old, new = reports.add(), reports.add()
    reports.claim_queued()
    long_ago = datetime.now(UTC) - timedelta(days=31)
    with monkeypatch.context() as patch:
        patch.setattr(reports_module, "now", lambda: as_text(long_ago))
        assert reports.complete(old, Contents("release"))
    assert reports.complete(new, Contents("release"))
    assert [report.report_id for report in reports.expired(days=30)] == [old]
    reports.close()


def test_old_report_goes_without_anybody_asking(
    settings: Settings, builder: FakeBuilder, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(jobs_module, "LOOK_SECONDS", 0.1)
    a_second = settings.model_copy(update={"reports_kept_days": 1 / 86_400})
    with local_client(create_app(a_second, builder)) as client:
        report_id = trigger(client)
        assert end(client, report_id)["status"] == "Complete"
        give_up_at = time.monotonic() + 10
        while client.get(f"/reports/{report_id}").status_code != 404:
            assert time.monotonic() < give_up_at
            time.sleep(0.1)
    assert not (settings.output / f"{report_id}.csv").exists()


def test_record_of_an_earlier_version_is_read(settings: Settings):
    with sqlite3.connect(settings.output / "reports.sqlite") as connection:
        connection.execute("""
            create table reports (
                report_id text primary key, status text not null, error text,
                triggered_at text not null, finished_at text, release_id text,
                attempts integer not null default 0
            ) strict
        """)
        connection.execute(
            "insert into reports (report_id, status, triggered_at) values ('r', 'Queued', '2026')"
        )
    reports = Reports(settings.output)
    assert reports.claim_queued() == ["r"]
    assert reports.options("r") == ReportOptions()
    reports.close()


def test_keys_of_an_earlier_version_are_kept(settings: Settings):
    """Then a key belonged to a name, which several tokens may have."""
    reports = Reports(settings.output)
    before = reports.add(requested_by="this machine", key="k")
    reports.add(requested_by="one", key="k")
    reports.close()
    with sqlite3.connect(settings.output / "reports.sqlite") as connection:
        connection.execute("drop index reports_by_token_and_key")
        connection.execute("alter table reports drop column token_id")
        connection.execute(
            "create unique index reports_by_key on reports (requested_by, idempotency_key)"
        )
    reports = Reports(settings.output)
    assert reports.add(requested_by="this machine", key="k") == before
    assert reports.add(requested_by="one", key="k", token_id="1") != before
    reports.close()
