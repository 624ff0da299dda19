"""Tokens, scopes, store filters, limits and the audit log, as clients meet them."""

from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient

from api import __main__ as commands
from api.access import Access, AccessError
from api.main import create_app
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
        ("run", "GET", "/get_report?report_id=x", 403),
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
    client.get("/stores", headers=bearer("su_0_wrong"))
    refused, forbidden, triggered = access.audited(10)
    assert (refused.principal, refused.outcome) == ("nobody", "401 Unauthorized")
    assert (forbidden.outcome, forbidden.request_id) == ("403 Forbidden", "mine")
    assert triggered.principal.startswith("nightly (")
    assert triggered.action == "POST /trigger_report"
    assert triggered.detail["report_id"] == report_id


def test_every_refusal_is_audited(client: TestClient, settings: Settings, access: Access):
    publish(settings)
    revoked = access.create("revoked", ["admin"])
    access.revoke(revoked.split("_")[1])
    refused = [
        ("su_0_wrong", "POST", "/trigger_report", 401),
        (revoked, "POST", "/trigger_report", 401),
        (access.create("reader", ["read"]), "POST", "/trigger_report", 403),
        (access.create("filtered", ["read"], stores=["b"]), "GET", "/stores/a", 403),
    ]
    for token, method, url, status in refused:
        assert client.request(method, url, headers=bearer(token)).status_code == status
    found = [
        (entry.principal.partition(" (")[0], entry.action, entry.outcome)
        for entry in reversed(access.audited(10))
    ]
    assert found == [
        ("nobody", "POST /trigger_report", "401 Unauthorized"),
        ("nobody", "POST /trigger_report", "401 Unauthorized"),
        ("reader", "POST /trigger_report", "403 Forbidden"),
        ("filtered", "GET /stores/{store_id:encoded}", "403 Forbidden"),
    ]


def test_audit_log_is_read_page_by_page(client: TestClient, access: Access):
    for number in range(3):
        access.audit("p", f"a{number}", {}, "done")
    first = client.get("/audit?limit=2").json()
    second = client.get(f"/audit?limit=2&before={first['next_before']}").json()
    pages = [[entry["action"] for entry in page["entries"]] for page in (first, second)]
    assert pages == [["a2", "a1"], ["a0"]]
    assert second["next_before"] is None


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
