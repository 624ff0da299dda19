"""Logging in with a browser, and what a token of some stores sees."""

from collections.abc import Callable
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.conftest import Open, Site, Visit

A, OTHER = "1000000000000000001", "1000000000000000008"
NewSite = Callable[[Path | None], Site]


@pytest.fixture
def closed(new_site: NewSite, sample_release: Path) -> Site:
    """Offer pages that need a token."""
    return new_site(sample_release)


def log_in(visit: Visit, token: str) -> None:
    visit.page.fill("#token", token)
    visit.page.click("form.login button")


def test_a_log_in_leads_to_the_page_that_was_asked_for_and_out_again(
    closed: Site, open_page: Open
) -> None:
    token = closed.access.create("wall", ["read"])
    visit = open_page(closed).go(f"store?id={A}")
    assert "login?next=" in visit.page.url
    assert Axe().run(visit.page).response["violations"] == []
    log_in(visit, token)
    visit.page.wait_for_url(f"{closed.url}store?id={A}")
    assert visit.text("h1") == A
    visit.page.click("form.out button")
    visit.page.wait_for_url(f"{closed.url}login")
    visit.go()
    assert visit.text("h1") == "Log in"


def test_a_wrong_token_is_told_so(closed: Site, open_page: Open) -> None:
    closed.access.create("wall", ["read"])
    visit = open_page(closed).go()
    visit.expect(401)
    log_in(visit, "su_no_such")
    assert visit.text("[role=alert]") == "✕ There is no such token."


def test_a_token_of_some_stores_sees_only_theirs(closed: Site, open_page: Open) -> None:
    token = closed.access.create("franchise", ["read"], stores=[A])
    visit = open_page(closed).go()
    log_in(visit, token)
    visit.page.wait_for_selector(".tile")
    assert visit.texts(".tile") == [
        "▼ 0 down",
        "◌ 0 not heard from",
        "? 0 unknown",
        "▲ 1 up",
        "– 0 closed",
        "✕ 0 excluded",
    ]
    assert "Fleet" not in visit.texts("nav[aria-label=Pages] a")
    visit.go("?status=up")
    assert visit.texts("a.row") == [A]
    visit.go("search?q=1000000000000000")
    assert visit.texts("a.row") == [A]
    visit.go(f"store?id={A}")
    assert visit.text("h1") == A
    for path in (f"store?id={OTHER}", "fleet", "?by=region"):
        visit.go(path, 403)
        assert OTHER not in visit.text("main").replace(repr(OTHER), "")
        assert "token is" in visit.text(".lead")


def test_what_others_failed_at_is_not_told_to_a_token_of_some_stores(
    closed: Site, open_page: Open
) -> None:
    token = closed.access.create("franchise", ["read"], stores=[A])
    closed.app.state.jobs.failed_refreshes = 1
    visit = open_page(closed).go()
    log_in(visit, token)
    visit.page.wait_for_selector(".tile")
    assert visit.texts(".note") == []


def test_a_session_that_has_ended_leads_to_the_log_in_by_itself(
    closed: Site, open_page: Open
) -> None:
    token = closed.access.create("wall", ["read"])
    visit = open_page(closed)
    visit.page.clock.install()
    visit.go()
    log_in(visit, token)
    visit.page.wait_for_selector(".tile")
    visit.page.wait_for_load_state("networkidle")
    closed.access.revoke(token.split("_")[1])
    visit.page.clock.fast_forward(60_000)
    visit.page.wait_for_selector("#token")


def test_lists_are_fetched_behind_the_log_in(closed: Site, open_page: Open) -> None:
    token = closed.access.create("wall", ["read"])
    visit = open_page(closed).go("?status=down")
    log_in(visit, token)
    visit.page.wait_for_selector("a.row")
    with visit.page.expect_download() as download:
        visit.page.click("text=All of them as CSV")
    lines = Path(download.value.path()).read_text(encoding="utf-8").splitlines()
    assert len(lines) == 5
    assert lines[0].startswith("store_id,timezone,current_status")


def test_a_link_on_another_site_leads_to_the_page(closed: Site, open_page: Open) -> None:
    token = closed.access.create("wall", ["read"])
    visit = open_page(closed).go()
    log_in(visit, token)
    visit.page.wait_for_selector(".tile")
    # Another name of this machine is another site.
    elsewhere = "http://elsewhere.example/"
    link = f'<a href="{closed.url}store?id={A}">the store</a>'
    visit.page.route(
        f"{elsewhere}**", lambda route: route.fulfill(body=link, content_type="text/html")
    )
    visit.page.goto(elsewhere)
    visit.page.click("a")
    visit.page.wait_for_url(f"{closed.url}store?id={A}")
    assert visit.text("h1") == A
    visit.expected.append(elsewhere)
