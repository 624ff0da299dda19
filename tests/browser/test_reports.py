"""Reports in a browser: asked for, watched and fetched, with a script and without."""

from collections.abc import Callable
from pathlib import Path

from tests.api.fakes import csv_of, polls_of
from tests.browser.conftest import DEADLINE_SECONDS, Open, Site

NewSite = Callable[[Path | None], Site]


def start(new_site: NewSite) -> Site:
    """Start a service on one store, whose builds take as long as a test wants."""
    site = new_site(None)
    for name, text in {
        "store_status": polls_of("a"),
        "business_hours": "store_id,day,start_time_local,end_time_local\n",
        "timezones": "store_id,timezone_str\n",
    }.items():
        (site.settings.data / f"{name}.csv").write_text(text)
    site.builder.may_end.clear()
    return site


def test_a_report_is_watched_until_it_can_be_fetched(new_site: NewSite, open_page: Open) -> None:
    site = start(new_site)
    visit = open_page(site).go("reports")
    visit.page.click("text=Make the report")
    visit.page.wait_for_url(site.url + "reports?report=*")
    assert site.builder.has_begun.wait(DEADLINE_SECONDS)
    visit.page.wait_for_selector("text=2 of 3 tables are built")
    site.builder.may_end.set()
    # Nobody loads the page again.
    visit.page.wait_for_selector("text=Download it")
    with visit.page.expect_download() as fetched:
        visit.page.click("text=Download it")
    assert Path(fetched.value.path()).read_text() == csv_of("a")


def test_without_scripts_the_browser_looks_again(new_site: NewSite, open_page: Open) -> None:
    site = start(new_site)
    visit = open_page(site, java_script_enabled=False).go("reports")
    visit.page.click("text=Make the report")
    assert site.builder.has_begun.wait(DEADLINE_SECONDS)
    visit.page.wait_for_selector("text=2 of 3 tables are built")
    site.builder.may_end.set()
    visit.page.wait_for_selector("text=Download it")


def test_a_report_can_be_cancelled(new_site: NewSite, open_page: Open) -> None:
    site = start(new_site)
    visit = open_page(site).go("reports")
    visit.page.click("text=Make the report")
    assert site.builder.has_begun.wait(DEADLINE_SECONDS)
    visit.page.click("button:has-text('Cancel')")
    visit.page.wait_for_selector("text=It was cancelled before it was made.")
