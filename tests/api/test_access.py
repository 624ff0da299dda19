"""Tokens, scopes, store filters, limits and the audit log, as clients meet them."""

import sqlite3
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api import __main__ as commands
from api import audit
from api.access import Access, AccessError
from api.audit import AuditLog, Entry
from api.main import create_app
from api.pages import write_cursor
from api.settings import Settings
from tests.api.fakes import FakeBuilder, local_client, publish


@pytest.fixture
def access(client: TestClient, settings: Settings) -> Access:
    """Offer the tokens of the running service, as the command line sees them."""
    return Access(settings.output)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_without_tokens_another_machine_is_refused(settings: Settings, builder: FakeBuilder):
    with TestClient(
        create_app(settings, builder), base_url="http://127.0.0.1", client=("192.0.2.1", 1)
    ) as client:
        assert client.post("/trigger_report").status_code == 403


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example"}, {"Origin": "http://evil.example"}, {"Origin": "null"}]
)
def test_without_tokens_pages_from_elsewhere_are_refused(
    client: TestClient, headers: dict[str, str]
):
    response = client.post("/trigger_report", headers=headers)
    assert response.status_code == 403
    assert response.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("localhost:8000", "http://localhost:8000", 200),
        ("127.0.0.1:8000", "http://127.0.0.1:8000", 200),
        ("localhost:8000", "http://localhost:3000", 403),
        ("localhost:8000", "http://127.0.0.1:8000", 403),
        ("localhost", "http://localhost:8000", 403),
    ],
)
def test_page_of_another_service_of_this_machine_is_refused(
    client: TestClient, host: str, origin: str, status: int
):
    headers = {"Host": host, "Origin": origin}
    assert client.post("/trigger_report", headers=headers).status_code == status


def test_page_of_a_host_that_is_allowed_may_ask(settings: Settings, builder: FakeBuilder):
    allowed = settings.model_copy(update={"allowed_hosts": "reports.example.com"})
    with local_client(create_app(allowed, builder)) as client:
        headers = {"Host": "127.0.0.1:8000", "Origin": "https://reports.example.com"}
        assert client.post("/trigger_report", headers=headers).status_code == 200


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000"])
def test_without_tokens_this_machine_is_answered(client: TestClient, host: str):
    assert client.post("/trigger_report", headers={"Host": host}).status_code == 200


def test_host_may_be_written_in_capitals(settings: Settings, builder: FakeBuilder):
    allowed = settings.model_copy(update={"allowed_hosts": "Reports.Example.com"})
    with local_client(create_app(allowed, builder)) as client:
        for host in ("Reports.Example.com", "reports.example.com:8000"):
            assert client.get("/reports", headers={"Host": host}).status_code == 200


def test_a_first_token_closes_the_service_at_once(client: TestClient, access: Access):
    assert client.get("/audit").status_code == 200
    access.create("first", ["read"])
    response = client.get("/audit")
    assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer")
    assert client.get("/health").status_code == 200


def test_revoked_token_is_refused_at_once_and_opens_nothing(client: TestClient, access: Access):
    token = access.create("t", ["admin"])
    assert client.get("/audit", headers=bearer(token)).status_code == 200
    access.revoke(token.split("_")[1])
    assert client.get("/audit", headers=bearer(token)).status_code == 401
    assert client.get("/audit").status_code == 401


def test_loss_of_power_does_not_bring_a_revoked_token_back(access: Access):
    token = access.create("t", ["admin"])
    access.revoke(token.split("_")[1])
    # Each statement is on disk when it returns.
    assert access._writer.execute("pragma synchronous").fetchone() == (2,)


def test_expired_token_is_refused(client: TestClient, access: Access):
    past = datetime.now(UTC) - timedelta(seconds=1)
    token = access.create("t", ["admin"], expires_at=past)
    assert client.get("/audit", headers=bearer(token)).status_code == 401


@pytest.mark.parametrize("change", ["", "x", "_", "é"])
def test_wrong_secret_is_refused(access: Access, change: str):
    token = access.create("t", ["admin"])
    wrong = token[:-1] + change if change else token[: token.rindex("_") + 1]
    assert access.principal(token) is not None
    assert access.principal(wrong) is None


@pytest.mark.parametrize(
    ("scope", "method", "url", "status"),
    [
        ("read", "POST", "/trigger_report", 403),
        ("run", "POST", "/trigger_report", 200),
        ("admin", "POST", "/trigger_report", 200),
        ("run", "GET", "/get_report?report_id=x", 404),
        ("run", "GET", "/download/store_report.csv", 403),
        ("run", "GET", "/reports", 403),
        ("read", "GET", "/get_report?report_id=x", 404),
        ("read", "GET", "/audit", 403),
        ("run", "GET", "/stores", 403),
        ("read", "POST", "/ingest/store_status", 403),
    ],
)
def test_scope_decides(
    client: TestClient, access: Access, scope: str, method: str, url: str, status: int
):
    response = client.request(method, url, headers=bearer(access.create("t", [scope])))
    assert response.status_code == status


def test_token_that_runs_has_its_own_reports_alone(client: TestClient, access: Access):
    mine, other = (bearer(access.create(name, ["run"])) for name in ("mine", "other"))
    reader, admin = (bearer(access.create(name, [name])) for name in ("read", "admin"))
    report_id = client.post("/trigger_report", headers=mine).json()["report_id"]
    url = f"/get_report?report_id={report_id}&wait=30"
    assert client.get(url, headers=mine).json()["status"] == "Complete"

    def statuses(method: str, url: str) -> list[int]:
        return [
            client.request(method, url, headers=headers).status_code
            for headers in (other, reader, admin, mine)
        ]

    assert statuses("GET", url) == [403, 200, 200, 200]
    assert statuses("GET", f"/download/{report_id}.csv") == [403, 200, 200, 200]
    assert statuses("GET", f"/reports/{report_id}") == [403, 200, 200, 200]
    both = bearer(access.create("both", ["read", "run"]))
    assert client.delete(f"/reports/{report_id}", headers=both).status_code == 403
    assert client.delete(f"/reports/{report_id}", headers=other).status_code == 403
    assert client.delete(f"/reports/{report_id}", headers=mine).status_code == 204


def test_token_for_some_stores_gets_no_report_on_all(
    client: TestClient, settings: Settings, access: Access
):
    publish(settings)
    token = access.create("t", ["admin"], stores=["b"])
    for method, url in [
        ("POST", "/trigger_report"),
        ("GET", "/download/store_report.csv"),
        ("POST", "/ingest/timezones"),
        ("GET", "/audit"),
        ("GET", "/stores/a"),
    ]:
        assert client.request(method, url, headers=bearer(token)).status_code == 403


def test_too_many_requests_are_refused(settings: Settings, builder: FakeBuilder):
    few = settings.model_copy(update={"requests_per_minute": 2})
    token = Access(settings.output).create("t", ["read"])
    with local_client(create_app(few, builder)) as client:
        answers = [client.get("/get_report?report_id=x", headers=bearer(token)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [404, 404, 429]
    assert int(answers[2].headers["retry-after"]) >= 1


def test_triggers_and_refusals_are_audited(client: TestClient, access: Access):
    token = access.create("nightly", ["run"])
    report_id = client.post("/trigger_report", headers=bearer(token)).json()["report_id"]
    client.get("/stores", headers={**bearer(token), "X-Request-ID": "mine"})
    forbidden, triggered = access.log.page(10)
    assert (forbidden.outcome, forbidden.request_id) == ("403 Forbidden", "mine")
    assert triggered.principal.startswith("nightly (")
    assert triggered.action == "POST /trigger_report"
    assert triggered.detail["report_id"] == report_id


def test_what_a_token_is_refused_is_audited_and_the_rest_counted(
    client: TestClient, settings: Settings, access: Access
):
    publish(settings)
    revoked = access.create("revoked", ["admin"])
    access.revoke(revoked.split("_")[1])
    refused = [
        ("su_0_wrong", "POST", "/trigger_report", 401),
        (revoked[:-1], "POST", "/trigger_report", 401),
        (revoked, "POST", "/trigger_report", 401),
        (access.create("reader", ["read"]), "POST", "/trigger_report", 403),
        (access.create("filtered", ["read"], stores=["b"]), "GET", "/stores/a", 403),
    ]
    for token, method, url, status in refused:
        assert client.request(method, url, headers=bearer(token)).status_code == status
    found = [
        (entry.principal.partition(" (")[0], entry.action, entry.outcome)
        for entry in reversed(access.log.page(10))
    ]
    assert found == [
        ("revoked", "POST /trigger_report", "401 Unauthorized"),
        ("reader", "POST /trigger_report", "403 Forbidden"),
        ("filtered", "GET /stores/{store_id:encoded}", "403 Forbidden"),
    ]
    read = bearer(access.create("metrics", ["read"]))
    counted = "store_uptime_refused_without_token_total 2.0"
    assert counted in client.get("/metrics", headers=read).text.splitlines()


def test_token_in_an_address_is_masked_everywhere(
    client: TestClient, access: Access, capsys: pytest.CaptureFixture[str]
):
    token = access.create("reader", ["read"])
    secret = token.split("_", 2)[2]
    for url in (
        f"/download/{token}?access_token={token}",
        f"/stores?access_token={token}&search={token.replace('_', '%5F')}",
        f"/stores?search=x&status={token}",
    ):
        answer = client.get(url, headers=bearer(token))
        assert answer.status_code in (404, 422, 503)
        assert secret not in answer.text
    client.delete(f"/reports/{token}", headers=bearer(token))
    [entry] = access.log.page(10)
    assert entry.detail["path"] == f"/reports/su_{token.split('_')[1]}_…"
    assert not any(secret in printed for printed in capsys.readouterr())


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("a=1&access_token=su_0a_b-c%2D&b=2", "a=1&access_token=…&b=2"),
        ("x=su%5F0a%5Fsecret", "x=su_0a_…"),
        ("token=other", "token=…"),
        ("search=sunday", "search=sunday"),
    ],
)
def test_masked_text_has_no_secret(text: str, kept: str):
    assert audit.masked(text) == kept


def test_text_in_the_audit_log_is_cut(client: TestClient, access: Access):
    token = access.create("reader", ["read"])
    client.delete(f"/reports/{'y' * 5000}", headers=bearer(token))
    assert len(access.log.page(1)[0].detail["path"]) == 501


def note(log: AuditLog, action: str, outcome: str) -> None:
    log.add(Entry("p", action, {}, outcome)).result(10)


def test_audit_log_keeps_so_many_changes_and_refusals(tmp_path: Path):
    log = AuditLog(tmp_path / "audit.sqlite", kept_days=1, entries_max=2)
    for number in range(4):
        note(log, f"change {number}", "200 OK")
    for number in range(4):
        note(log, f"refusal {number}", "403 Forbidden")
    assert [entry.action for entry in log.page(10)] == [
        "refusal 3",
        "refusal 2",
        "change 3",
        "change 2",
    ]


def test_audit_log_forgets_what_is_old(tmp_path: Path):
    path = tmp_path / "audit.sqlite"
    note(AuditLog(path, kept_days=1, entries_max=100), "old", "200 OK")
    with sqlite3.connect(path) as connection:
        connection.execute("update audit set at = '2020-01-01T00:00:00.000000Z'")
    log = AuditLog(path, kept_days=1, entries_max=100)
    note(log, "new", "200 OK")
    assert [entry.action for entry in log.page(10)] == ["new"]


def test_locked_audit_log_delays_nobody_and_loses_no_change(
    client: TestClient, settings: Settings, access: Access, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(audit, "_WAIT_SECONDS", 0.2)
    holder = sqlite3.connect(settings.output / "access.sqlite", isolation_level=None)
    holder.execute("begin immediate")
    report_id = client.post("/trigger_report").json()["report_id"]
    began_at = time.monotonic()
    assert client.get("/health").status_code == 200
    assert client.get("/reports").status_code == 200
    assert time.monotonic() - began_at < 1
    assert access.log.page(10) == []
    holder.rollback()
    client.post("/trigger_report")
    found = [entry.detail["report_id"] for entry in access.log.page(10)]
    assert report_id in found


def test_entry_that_cannot_be_written_before_the_end_is_in_the_log_of_the_service(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    path = tmp_path / "audit.sqlite"
    log = AuditLog(path, kept_days=1, entries_max=2)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("begin immediate")
    log.add(Entry("p", "a change", {}, "200 OK"))
    log.close()
    assert '"a change"' in caplog.text


def test_password_of_basic_may_be_the_token_for_reading(client: TestClient, access: Access):
    token = access.create("dashboard", ["admin"])
    assert client.get("/reports", auth=("any", token)).status_code == 200
    assert client.get("/reports", auth=("any", "wrong")).status_code == 401
    # A browser sends it by itself, whichever page asks.
    assert client.post("/trigger_report", auth=("any", token)).status_code == 401


def test_audit_log_is_read_page_by_page(client: TestClient, access: Access):
    for number in range(3):
        note(access.log, f"a{number}", "done")
    first = client.get("/audit?limit=2").json()
    for further in (f"cursor={first['next_cursor']}", f"before={first['next_before']}"):
        second = client.get(f"/audit?limit=2&{further}").json()
        pages = [[entry["action"] for entry in page["entries"]] for page in (first, second)]
        assert pages == [["a2", "a1"], ["a0"]]
        assert (second["next_cursor"], second["next_before"]) == (None, None)


@pytest.mark.parametrize("audit_id", [-(10**30), 10**30])
def test_made_up_cursor_of_the_audit_log_leads_nowhere(client: TestClient, audit_id: int):
    note(client.app.state.access.log, "a", "done")
    entries = client.get(f"/audit?cursor={write_cursor('audit', audit_id)}").json()["entries"]
    assert len(entries) == (audit_id > 0)


def test_secret_is_not_kept(settings: Settings, access: Access):
    secret = access.create("t", ["read"]).split("_", 2)[2].encode()
    for path in settings.output.glob("access.sqlite*"):
        assert secret not in path.read_bytes()


def test_unknown_scope_is_refused(access: Access):
    with pytest.raises(AccessError, match="'write'"):
        access.create("t", ["write"])


def test_service_does_not_start_open_to_others(settings: Settings):
    with pytest.raises(ValueError, match="tokens create"):
        commands.serve(settings.model_copy(update={"host": "0.0.0.0"}))


def test_every_answer_has_the_security_headers(client: TestClient):
    for url in ("/health", "/nowhere", "/docs", "/get_report?report_id=x"):
        headers = client.get(url, headers={"X-Request-ID": "a b"}).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
        assert headers["x-request-id"] != "a b"


def test_browser_is_led_to_the_docs(client: TestClient):
    client.app.state.access.create("any", ["read"])
    answer = client.get("/", follow_redirects=False)
    # No host: a proxy may have another.
    assert (answer.status_code, answer.headers["location"]) == (307, "docs")
    assert "swagger" in client.get("/").text


def test_docs_need_no_other_server(client: TestClient):
    page = client.get("/docs").text
    assert "https://" not in page
    assert client.get("/static-offline-docs/swagger-ui-bundle.js").status_code == 200


def test_large_body_is_refused(client: TestClient):
    response = client.post("/trigger_report", content=b"x" * 1_000_001)
    assert response.status_code == 413
