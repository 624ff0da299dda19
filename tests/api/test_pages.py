"""Who may see the pages: this machine, or a browser that is logged in by a token."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from api.access import Access
from api.main import create_app
from api.settings import Settings
from api.ui.sessions import COOKIE
from tests.api.fakes import FakeBuilder, local_client, publish

SAME = {"Sec-Fetch-Site": "same-origin"}
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def access(client: TestClient, settings: Settings) -> Iterator[Access]:
    """Offer the tokens of the running service, as the command line sees them."""
    access = Access(settings.output)
    yield access
    access.close()


def log_in(client: TestClient, token: str, to: str = "", **headers: str) -> Response:
    return client.post(
        "/ui/login",
        data={"token": token, "next": to},
        headers=SAME | headers,
        follow_redirects=False,
    )


def get(client: TestClient, path: str, **headers: str) -> Response:
    return client.get(path, headers=BROWSER | headers, follow_redirects=False)


def test_browsers_are_led_to_the_pages_and_others_to_the_reference(client: TestClient):
    assert get(client, "/").headers["location"] == "ui/"
    for accept in ("*/*", "application/json"):
        response = client.get("/", headers={"Accept": accept}, follow_redirects=False)
        assert (response.headers["location"], response.headers["vary"]) == ("docs", "Accept")


def test_without_tokens_only_this_machine_sees_the_pages(settings: Settings, builder: FakeBuilder):
    app = create_app(settings, builder)
    with TestClient(app, base_url="http://127.0.0.1", client=("192.0.2.1", 1)) as client:
        assert get(client, "/ui/").status_code == 403
    with local_client(app) as client:
        assert get(client, "/ui/").status_code == 200
        assert get(client, "/ui/", Host="evil.example").status_code == 403
        # Nobody need log in.
        assert get(client, "/ui/login").headers["location"] == "./"


@pytest.mark.parametrize(
    ("path", "to"),
    [
        ("/ui/", "login?next="),
        ("/ui/store?id=a%26b", "login?next=store%3Fid%3Da%2526b"),
        ("/ui/tables/stores.csv", "../login?next=tables/stores.csv"),
    ],
)
def test_with_tokens_a_page_leads_to_the_log_in(
    client: TestClient, access: Access, path: str, to: str
):
    access.create("t", ["read"])
    response = get(client, path)
    assert (response.status_code, response.headers["location"]) == (303, to)


def test_a_log_in_leads_back_to_what_was_asked_for(client: TestClient, access: Access):
    token = access.create("t", ["read"])
    there = get(client, "/ui/store?id=a").headers["location"]
    form = get(client, f"/ui/{there}")
    assert 'name="next" value="store?id=a"' in form.text
    response = log_in(client, token, "store?id=a")
    assert (response.status_code, response.headers["location"]) == (303, "store?id=a")
    assert get(client, "/ui/").status_code == 200


@pytest.mark.parametrize("to", ["//evil.example", "https://evil.example", "../audit", "/x", "a\\b"])
def test_a_log_in_leads_to_own_pages_only(client: TestClient, access: Access, to: str):
    token = access.create("t", ["read"])
    assert log_in(client, token, to).headers["location"] == "./"


def test_the_cookie_is_a_session_for_the_pages_alone_and_only_its_hash_is_kept(
    client: TestClient, access: Access, settings: Settings
):
    token = access.create("t", ["read"])
    said = log_in(client, token).headers["set-cookie"]
    secret = client.cookies[COOKIE]
    assert token not in said and token.split("_", 2)[2] not in said
    parts = {part.strip().lower() for part in said.split(";")}
    assert {"httponly", "samesite=strict", "path=/ui"} <= parts
    assert "secure" not in parts
    content = b"".join(path.read_bytes() for path in settings.output.glob("access.sqlite*"))
    assert secret.encode() not in content
    # Elsewhere it opens nothing, even if a browser would send it.
    elsewhere = client.get("/stores", headers={"Cookie": f"{COOKIE}={secret}"})
    assert elsewhere.status_code == 401


def test_over_https_the_cookie_is_secure(settings: Settings, builder: FakeBuilder):
    app = create_app(settings, builder)
    with TestClient(app, base_url="https://reports.example", client=("192.0.2.1", 1)) as client:
        token = Access(settings.output).create("t", ["read"])
        assert "; secure" in log_in(client, token).headers["set-cookie"].lower()


def test_a_session_ends_with_its_token(client: TestClient, access: Access):
    token = access.create("t", ["read"])
    log_in(client, token)
    assert get(client, "/ui/").status_code == 200
    access.revoke(token.split("_")[1])
    assert get(client, "/ui/").status_code == 303


def test_a_session_ends_by_logging_out(client: TestClient, access: Access):
    token = access.create("t", ["read"])
    log_in(client, token)
    kept = client.cookies[COOKIE]
    response = client.post("/ui/logout", headers=SAME, follow_redirects=False)
    assert response.headers["location"] == "login"
    client.cookies.set(COOKIE, kept, path="/ui")
    assert get(client, "/ui/").status_code == 303


def test_a_session_is_there_after_a_restart(settings: Settings, builder: FakeBuilder):
    with local_client(create_app(settings, builder)) as client:
        log_in(client, Access(settings.output).create("t", ["read"]))
        kept = client.cookies[COOKIE]
    with local_client(create_app(settings, builder)) as client:
        client.cookies.set(COOKIE, kept, path="/ui")
        assert get(client, "/ui/").status_code == 200


@pytest.mark.parametrize("change", ["", "x"])
def test_a_cookie_that_was_made_up_opens_nothing(client: TestClient, access: Access, change: str):
    log_in(client, access.create("t", ["read"]))
    wrong = client.cookies[COOKIE] + change if change else ""
    client.cookies.clear()
    client.cookies.set(COOKIE, wrong, path="/ui")
    assert get(client, "/ui/").status_code == 303


def test_a_token_that_may_not_read_cannot_log_in(client: TestClient, access: Access):
    assert log_in(client, access.create("t", ["run"])).status_code == 403
    assert log_in(client, access.create("t", ["admin"])).status_code == 303


def test_tries_that_fail_are_limited(client: TestClient, access: Access):
    token = access.create("t", ["read"])
    for _ in range(10):
        assert log_in(client, "su_wrong_token").status_code == 401
    response = log_in(client, token)
    assert (response.status_code, response.headers["retry-after"]) == (429, "60")


def test_log_ins_are_in_the_audit_log_and_tokens_are_not(client: TestClient, access: Access):
    token = access.create("wall", ["read"])
    log_in(client, token)
    log_in(client, f"{token}x")
    found = [(entry.principal, entry.action, entry.outcome) for entry in access.log.page(2)]
    assert found == [
        ("nobody", "POST /ui/login", "401 Unauthorized"),
        (f"wall ({token.split('_')[1]})", "POST /ui/login", "303 See Other"),
    ]
    assert all(token not in repr(entry) for entry in access.log.page(10))


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {},
    ],
)
def test_forms_of_other_pages_are_refused(
    client: TestClient, access: Access, headers: dict[str, str]
):
    token = access.create("t", ["admin"])
    log_in(client, token)
    for path in ("/ui/login", "/ui/logout"):
        response = client.post(path, data={"token": token}, headers=headers, follow_redirects=False)
        assert response.status_code == 403
    assert get(client, "/ui/").status_code == 200


def test_forms_of_browsers_that_tell_their_origin_alone_are_taken(
    client: TestClient, access: Access
):
    token = access.create("t", ["read"])
    headers = {"Origin": "http://127.0.0.1"}
    response = client.post(
        "/ui/login", data={"token": token}, headers=headers, follow_redirects=False
    )
    assert response.status_code == 303


def test_a_link_on_another_site_need_not_ask_for_the_token_again(
    client: TestClient, access: Access
):
    access.create("t", ["read"])
    response = get(client, "/ui/login?next=store%3Fid%3Da", **{"Sec-Fetch-Site": "cross-site"})
    assert '<meta http-equiv="refresh" content="0; url=store?id=a">' in response.text


def test_programs_may_send_their_token_to_the_pages_too(client: TestClient, access: Access):
    token = access.create("t", ["read"])
    assert get(client, "/ui/", Authorization=f"Bearer {token}").status_code == 200
    assert get(client, "/ui/", Authorization="Bearer su_no_such").status_code == 401


def test_the_oldest_browsers_of_a_token_are_logged_out(
    client: TestClient, access: Access, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("api.ui.sessions._OF_TOKEN_MAX", 2)
    token, other = access.create("t", ["read"]), access.create("other", ["read"])
    for each in (other, token, token, token):
        log_in(client, each)
    with sqlite3.connect(settings.output / "access.sqlite") as connection:
        counts = connection.execute(
            "select count(*) from sessions group by token_id order by 1"
        ).fetchall()
    assert counts == [(1,), (2,)]


def test_a_page_that_is_known_is_not_sent_again(client: TestClient, settings: Settings):
    publish(settings)
    first = get(client, "/ui/help")
    etag = first.headers["etag"]
    again = get(client, "/ui/help", **{"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["style.css", "script.js", "icon.svg"])
def test_assets_are_open_and_kept_by_browsers(client: TestClient, access: Access, path: str):
    access.create("t", ["read"])
    response = client.get(f"/ui/assets/{path}")
    assert response.status_code == 200
    assert "immutable" in response.headers["cache-control"]


def test_there_are_no_other_assets(client: TestClient, tmp_path: Path):
    assert client.get("/ui/assets/..%2Fshell.py").status_code == 404
    assert client.get("/ui/assets/shell.py").status_code == 404
