"""Trigger, ask, fetch; and every error in one shape."""

import itertools
import re
import sqlite3
import time
from contextlib import closing
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.builds import BuildError
from api.reports import Reports
from api.settings import Settings
from api.tables import TABLES
from tests.api.fakes import FakeBuilder, csv_of, polls_of, publish
from tests.api.readable import publish_copy, write_readable

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


def trigger(client: TestClient) -> str:
    return client.post("/trigger_report").json()["report_id"]


def state(client: TestClient, report_id: str) -> dict[str, str]:
    return client.get("/get_report", params={"report_id": report_id}).json()


def end(client: TestClient, report_id: str) -> dict[str, str]:
    """Return the state of a report once it is not running."""
    give_up_at = time.monotonic() + 10
    while (found := state(client, report_id)) == {"status": "Running"}:
        assert time.monotonic() < give_up_at
    return found


@pytest.fixture
def report_id(client: TestClient) -> str:
    """Offer a complete report on store `a`."""
    report_id = trigger(client)
    end(client, report_id)
    return report_id


def test_trigger_answers_while_the_report_is_running(client: TestClient, builder: FakeBuilder):
    builder.may_end.clear()
    response = client.post("/trigger_report")
    assert response.status_code == 200
    assert list(response.json()) == ["report_id"]
    assert re.fullmatch(UUID, response.json()["report_id"])
    assert builder.has_begun.wait(10)
    assert state(client, response.json()["report_id"]) == {"status": "Running"}


def test_complete_report_says_where_its_file_is(client: TestClient, report_id: str):
    assert state(client, report_id) == {
        "status": "Complete",
        "download_url": f"/download/{report_id}.csv",
    }


def test_failed_report_says_why(client: TestClient, builder: FakeBuilder):
    def fail() -> None:
        raise BuildError('Missing column "status".')

    builder.meanwhile = fail
    assert end(client, trigger(client)) == {
        "status": "Failed",
        "error": 'Missing column "status".',
    }


def test_report_promised_before_a_restart_is_made(
    settings: Settings, client: TestClient, builder: FakeBuilder
):
    # The client's own service ends before the next one begins.
    client.__exit__(None, None, None)
    reports = Reports(settings.output)
    report_id = reports.add()
    reports.claim_queued()
    reports.close()
    with client:
        assert end(client, report_id)["status"] == "Complete"


def test_two_triggers_have_each_their_own_file(client: TestClient):
    first, second = trigger(client), trigger(client)
    assert first != second
    for report_id in (first, second):
        assert client.get(end(client, report_id)["download_url"]).text == csv_of("a")


def test_download_is_a_csv_to_save(client: TestClient, report_id: str):
    response = client.get(f"/download/{report_id}.csv")
    assert response.status_code == 200
    assert response.text == csv_of("a")
    assert response.headers["content-type"] == "text/csv; charset=utf-8"
    assert response.headers["content-length"] == str(len(csv_of("a")))
    assert response.headers["content-disposition"] == f'attachment; filename="{report_id}.csv"'


def test_newest_report_has_a_name_of_its_own(client: TestClient, report_id: str):
    assert client.get("/download/store_report.csv").text == csv_of("a")


def test_head_has_the_headers_and_no_body(client: TestClient, report_id: str):
    url = f"/download/{report_id}.csv"
    head, get = client.head(url), client.get(url)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-length", "content-type", "etag", "content-disposition"):
        assert head.headers[name] == get.headers[name]


@pytest.mark.parametrize("sent", ["{etag}", "W/{etag}", '"other", {etag}', "*"])
def test_known_report_is_not_sent_again(client: TestClient, report_id: str, sent: str):
    url = f"/download/{report_id}.csv"
    etag = client.get(url).headers["etag"]
    response = client.get(url, headers={"If-None-Match": sent.format(etag=etag)})
    assert (response.status_code, response.content) == (304, b"")
    assert response.headers["etag"] == etag


def test_changed_report_is_sent_again(client: TestClient, settings: Settings, report_id: str):
    url = "/download/store_report.csv"
    etag = client.get(url).headers["etag"]
    (settings.data / "store_status_2.csv").write_text(polls_of("b"))
    end(client, trigger(client))
    response = client.get(url, headers={"If-None-Match": etag})
    assert (response.status_code, response.text) == (200, csv_of("a", "b"))


def test_health(client: TestClient):
    response = client.get("/health")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize(
    "url", ["/stores?limit=2", "/health", "/uptime", "/openapi.json", "/reports"]
)
def test_head_is_get_without_a_body(client: TestClient, settings: Settings, url: str):
    publish_copy(settings, write_readable(settings.output / "readable.duckdb"), "readable")
    head, get = client.head(url), client.get(url)
    assert (head.status_code, head.content) == (get.status_code, b"") == (200, b"")
    for name in ("content-length", "content-type", "etag"):
        assert head.headers.get(name) == get.headers.get(name)


@pytest.mark.parametrize("size", [1_000_000, 1_000_001])
def test_body_of_unknown_length_is_counted(client: TestClient, size: int):
    sent = (b" " * 1000 for _ in range(size // 1000))
    rest = iter([b" " * (size % 1000)])
    response = client.post("/trigger_report", content=itertools.chain(sent, rest))
    assert response.headers["content-type"] == "application/problem+json"
    if size > 1_000_000:
        assert (response.status_code, response.json()["detail"]) == (
            413,
            "The body has more than 1000000 bytes, the most allowed here.",
        )
    else:
        assert response.status_code == 422


@pytest.mark.parametrize(
    ("method", "url", "status", "detail"),
    [
        ("OPTIONS", "/stores", 405, "OPTIONS /stores: method not allowed."),
        ("HEAD", "/trigger_report", 405, None),
        ("FOO", "/stores/a", 405, "FOO /stores/a: method not allowed."),
        ("DELETE", "/reports", 405, "DELETE /reports: method not allowed."),
        ("PUT", "/ingest/stores", 405, "PUT /ingest/stores: method not allowed."),
        (
            "GET",
            "/stores?limit=ten&order=up",
            422,
            "query.order: Input should be 'asc' or 'desc', not 'up'; query.limit: Input should be "
            "a valid integer, unable to parse string as an integer, not 'ten'.",
        ),
        ("GET", f"/stores?limit={'1' * 3000}", 422, None),
        ("GET", "/get_report?report_id=x", 404, "There is no report 'x'."),
        ("GET", "/get_report", 422, "query.report_id: Field required."),
        ("GET", "/download/x.csv", 404, "There is no report file 'x.csv'."),
        ("GET", "/trigger_report", 405, "GET /trigger_report: method not allowed."),
        ("GET", "/nowhere", 404, "GET /nowhere: not found."),
    ],
)
def test_error_is_a_problem(client: TestClient, method: str, url: str, status: int, detail: str):
    response = client.request(method, url)
    assert response.headers["content-type"] == "application/problem+json"
    assert response.status_code == status
    if method == "HEAD":
        return
    assert response.json()["status"] == status
    assert len(response.json()["detail"]) < 400
    assert detail is None or response.json()["detail"] == detail


@pytest.mark.parametrize(
    ("method", "url", "known"),
    [
        ("GET", "/reports", "limit, cursor"),
        ("GET", "/reports/x", "none"),
        ("DELETE", "/reports/x", "none"),
        ("POST", "/trigger_report", "as_of, units, columns, format, stores"),
        ("GET", "/get_report?report_id=x", "report_id, wait"),
        ("GET", "/download/store_report.csv", "none"),
        ("GET", "/poll_gaps", "limit, cursor, sort"),
    ],
)
def test_parameter_that_there_is_not_is_refused(
    client: TestClient, method: str, url: str, known: str
):
    response = client.request(method, f"{url}{'&' if '?' in url else '?'}limi=1")
    assert (response.status_code, response.json()["detail"]) == (
        422,
        f"query: there is no parameter 'limi'; there are {known}.",
    )


@pytest.mark.parametrize("url", ["/health", "/metrics"])
def test_monitors_may_add_a_parameter(client: TestClient, url: str):
    assert client.get(url, params={"time": 1773165600}).status_code == 200


@pytest.mark.parametrize("number", ["0", "1773165600", "-1.5", "1e9", "20260312"])
@pytest.mark.parametrize(
    ("method", "url", "name"),
    [
        ("POST", "/trigger_report", "as_of"),
        ("GET", "/uptime", "from"),
        ("GET", "/stores/a/timeline", "to"),
        ("GET", "/stores/a/explain", "from"),
        ("GET", "/outages", "to"),
        ("GET", "/daily_uptime", "from"),
    ],
)
def test_number_is_no_instant(client: TestClient, method: str, url: str, name: str, number: str):
    response = client.request(method, url, params={name: number})
    assert (response.status_code, response.json()["detail"]) == (
        422,
        f"query.{name}: an instant with dashes is expected, such as 2026-03-12 or "
        f"2026-03-12T18:00:00Z, not {number!r}.",
    )


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        (b"\xff", 400, "The body cannot be read as JSON."),
        (b"[" * 100_000, 400, "The body cannot be read as JSON."),
        (
            b'{"units": ',
            422,
            "The body cannot be read as JSON: expecting value at character 10.",
        ),
    ],
    ids=["bytes", "deep", "broken off"],
)
def test_body_that_cannot_be_read_is_said_in_a_sentence(
    client: TestClient, body: bytes, status: int, detail: str
):
    headers = {"Content-Type": "application/json"}
    response = client.post("/trigger_report", content=body, headers=headers)
    assert (response.status_code, response.json()["detail"]) == (status, detail)


def test_json_that_is_not_called_so_is_refused(client: TestClient):
    # As curl sends what comes after `-d`.
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    response = client.post("/trigger_report", content=b'{"units": "mixed"}', headers=headers)
    assert (response.status_code, response.json()["detail"]) == (
        422,
        "body: JSON is expected, with `Content-Type: application/json`.",
    )


def test_number_in_json_is_no_instant(client: TestClient):
    response = client.post("/trigger_report", json={"as_of": 0})
    assert response.status_code == 422
    assert response.json()["detail"].startswith("body.as_of: an instant with dashes is expected")


@pytest.mark.parametrize(
    ("method", "url", "status"),
    [
        ("GET", "/get_report?report_id={}", 404),
        ("GET", "/reports/{}", 404),
        ("DELETE", "/reports/{}", 404),
        ("GET", "/reports?{}=1", 422),
        ("GET", "/reports?cursor={}", 422),
        ("GET", "/download/{}", 404),
        ("GET", "/ingest/{}", 404),
        ("POST", "/ingest/{}", 404),
        ("GET", "/stores/{}", 404),
        ("GET", "/stores/{}/explain", 404),
        ("GET", "/outages?stores={}", 404),
        ("GET", "/uptime?group_by={}", 422),
        ("GET", "/uptime?cursor={}", 422),
        ("GET", "/nowhere/{}", 404),
    ],
)
def test_refusal_shows_the_beginning_of_what_is_long(
    client: TestClient, settings: Settings, method: str, url: str, status: int
):
    publish_copy(settings, write_readable(settings.output / "readable.duckdb"), "readable")
    response = client.request(method, url.format("x" * 5000))
    assert response.status_code == status
    assert len(response.json()["detail"]) < 400


def test_id_that_comes_twice_is_refused(client: TestClient):
    response = client.get("/get_report?report_id=x&report_id=y")
    assert (response.status_code, response.json()["detail"]) == (
        422,
        "query.report_id: it comes 2 times; once is expected.",
    )


def test_unexpected_error_is_a_problem_that_gives_nothing_away(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
):
    def broken(*_: object) -> str:
        raise RuntimeError("a secret")

    monkeypatch.setattr(Reports, "add", broken)
    response = client.post("/trigger_report")
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json() == {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "detail": "The service failed to answer; its log has the cause.",
    }


def test_full_disk_is_said(client: TestClient, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> str:
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.execute("pragma max_page_count = 1")
            connection.execute("create table reports (report_id)")
        return "nothing was full"

    monkeypatch.setattr(Reports, "add", full)
    response = client.post("/trigger_report")
    assert response.status_code == 507
    assert response.headers["content-type"] == "application/problem+json"
    assert "the disk is full" in response.json()["detail"]


def test_errors_are_declared(client: TestClient):
    paths: dict[str, Any] = client.get("/openapi.json").json()["paths"]
    guarded = ["401", "403", "413", "429", "500", "503"]
    taking = sorted({*guarded, "200", "201", "400", "404", "409", "415", "422", "507"})
    reading = sorted({*guarded, "200", "304", "404", "422", "503"})
    assert {
        (path, method): sorted(operation["responses"])
        for path, operations in paths.items()
        for method, operation in operations.items()
    } == {
        ("/trigger_report", "post"): sorted({*guarded, "200", "400", "409", "422", "503", "507"}),
        ("/reports", "get"): sorted({*guarded, "200", "422"}),
        ("/reports/newest.{ending}", "get"): sorted({*reading, "206", "416"}),
        ("/tables/{name}.{ending}", "get"): sorted({*reading, "206", "416"}),
        ("/reports/{report_id}", "get"): sorted({*guarded, "200", "404", "422"}),
        ("/reports/{report_id}", "delete"): sorted({*guarded, "204", "404", "422", "507"}),
        ("/get_report", "get"): sorted({*guarded, "200", "404", "422"}),
        ("/download/{name}", "get"): sorted({*guarded, "200", "304", "404", "422"}),
        ("/stores", "get"): reading,
        ("/stores/{store_id}", "get"): reading,
        ("/stores/{store_id}/timeline", "get"): reading,
        ("/stores/{store_id}/explain", "get"): reading,
        ("/uptime", "get"): reading,
        **{(f"/{table.path}", "get"): reading for table in TABLES},
        ("/ingest/{name}", "get"): sorted({*guarded, "200", "404", "422", "503"}),
        ("/ingest/{name}", "post"): taking,
        ("/inputs", "get"): sorted({*guarded, "200", "422"}),
        ("/inputs/{id}", "delete"): sorted({*guarded, "204", "404", "409", "422", "507"}),
        ("/inputs/{input}/{name}", "put"): taking,
        ("/audit", "get"): sorted({*guarded, "200", "422"}),
        ("/health", "get"): ["200", "403", "413", "500", "503"],
        ("/ready", "get"): ["200", "403", "413", "500", "503"],
        ("/metrics", "get"): sorted({*guarded, "200"}),
    }


@pytest.mark.parametrize("url", ["/stores/", "/metrics/", "/docs/"])
def test_address_with_a_slash_too_many_leads_nowhere_else(client: TestClient, url: str):
    response = client.get(url, follow_redirects=False)
    assert (response.status_code, response.json()["detail"]) == (404, f"GET {url}: not found.")


def test_service_does_not_need_a_build_to_start(client: TestClient, settings: Settings):
    publish(settings)
    assert end(client, trigger(client))["status"] == "Complete"
