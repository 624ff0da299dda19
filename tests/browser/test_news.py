"""New releases, and what is said while there is none, one is being built, or the last failed."""

import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
from playwright.sync_api import Page

from api.builds import BuildError, Progress
from tests.browser.conftest import Open, Site, wait_until

NewSite = Callable[[Path | None], Site]


def changed(release: Path, folder: Path) -> Path:
    """Return a release in which one store that was down is up."""
    copy = Path(shutil.copy(release, folder / "changed.duckdb"))
    with duckdb.connect(str(copy)) as connection:
        connection.execute(
            "update store_board set current_status = 'up' where store_id = '1000000000000000008'"
        )
    return copy


def fail(tell: object = None) -> None:
    raise BuildError("The file polls.csv has no column store_id.")


def pass_a_minute(page: Page) -> None:
    page.clock.fast_forward(60_000)


def test_a_new_release_appears_within_a_minute_and_the_place_stays(
    new_site: NewSite, open_page: Open, sample_release: Path, tmp_path: Path
) -> None:
    site = new_site(sample_release)
    visit = open_page(site, viewport={"width": 1280, "height": 400})
    visit.page.clock.install()
    visit.go()
    visit.page.wait_for_load_state("networkidle")
    for _ in range(6):
        visit.page.keyboard.press("j")
    before = visit.page.evaluate("[scrollY, document.activeElement.textContent]")
    assert before[0] > 0
    site.publish(changed(sample_release, tmp_path))
    pass_a_minute(visit.page)
    visit.page.wait_for_selector(".tile.down:has-text('3')")
    assert visit.page.evaluate("document.activeElement.textContent") == before[1]
    assert abs(visit.page.evaluate("scrollY") - before[0]) < 100


def test_a_page_that_is_as_it_was_is_a_304(site: Site, open_page: Open) -> None:
    visit = open_page(site)
    answers = []
    visit.page.on("response", lambda answer: answers.append((answer.url, answer.status)))
    first = visit.page.goto(site.url)
    assert first is not None
    etag = first.header_value("etag")
    for path in ("", "fleet", "store?id=1000000000000000001"):
        known = visit.page.request.get(site.url + path).headers["etag"]
        again = visit.page.request.get(site.url + path, headers={"If-None-Match": known})
        assert again.status == 304
    # Another clock or address is another page.
    utc = {"Cookie": "store_uptime_clock=utc", "If-None-Match": str(etag)}
    assert visit.page.request.get(site.url, headers=utc).status == 200
    other = {"If-None-Match": str(etag)}
    assert visit.page.request.get(site.url + "?status=up", headers=other).status == 200


def test_what_is_open_and_written_stays(
    new_site: NewSite, open_page: Open, sample_release: Path, tmp_path: Path
) -> None:
    site = new_site(sample_release)
    visit = open_page(site)
    visit.page.clock.install()
    visit.go("fleet")
    visit.page.wait_for_load_state("networkidle")
    visit.page.click("#trend-table summary")
    visit.page.fill("#q", "denv")
    site.publish(changed(sample_release, tmp_path))
    with visit.page.expect_response(lambda answer: answer.url.endswith("/fleet")):
        pass_a_minute(visit.page)
    visit.page.locator("footer", has_text="-changed.").wait_for()
    assert visit.page.locator("#trend-table table").is_visible()
    assert visit.page.input_value("#q") == "denv"


def test_without_a_release_it_says_so_and_then_shows_it(
    new_site: NewSite, open_page: Open, sample_release: Path
) -> None:
    site = new_site(None)
    visit = open_page(site)
    visit.page.clock.install()
    visit.go()
    visit.page.wait_for_load_state("networkidle")
    assert visit.text("h1") == "Nothing to show yet"
    assert "no build has succeeded so far" in visit.text(".lead")
    site.publish(sample_release)
    pass_a_minute(visit.page)
    visit.page.wait_for_selector(".tile.down")


def test_it_says_that_new_figures_are_being_built(
    new_site: NewSite, open_page: Open, sample_release: Path
) -> None:
    site = new_site(sample_release)
    site.app.state.jobs.progress = Progress(models_done=2, models_all=3)
    visit = open_page(site).go()
    assert visit.text(".note").startswith("◴ New figures are being built: 2 of 3 tables so far.")
    assert visit.texts(".tile")[0] == "▼ 4 down"


def test_it_says_why_the_last_build_failed(
    new_site: NewSite, open_page: Open, sample_release: Path
) -> None:
    site = new_site(sample_release)
    site.builder.build = fail
    visit = open_page(site)
    trigger = visit.page.request.post(f"{site.root}trigger_report")
    report_id = trigger.json()["report_id"]
    wait_until(lambda: site.app.state.reports.find(report_id).status == "Failed")
    visit.go()
    assert visit.text(".note") == (
        "✕ The last build failed. The file polls.csv has no column store_id. What is shown is of "
        "the last one that succeeded."
    )


def test_a_release_of_an_earlier_version_is_told_of(
    new_site: NewSite, open_page: Open, sample_release: Path, tmp_path: Path
) -> None:
    earlier = Path(shutil.copy(sample_release, tmp_path / "earlier.duckdb"))
    with duckdb.connect(str(earlier)) as connection:
        connection.execute("drop table store_board")
    visit = open_page(new_site(earlier)).go()
    assert "were built by an earlier version" in visit.text(".lead")


def test_what_was_chosen_and_not_sent_stays(
    new_site: NewSite, open_page: Open, sample_release: Path, tmp_path: Path
) -> None:
    site = new_site(sample_release)
    visit = open_page(site)
    visit.page.clock.install()
    visit.go()
    visit.page.wait_for_load_state("networkidle")
    chosen = "select:has(option[value='region:East'])"
    visit.page.select_option(chosen, "region:East")
    site.publish(changed(sample_release, tmp_path))
    pass_a_minute(visit.page)
    assert visit.page.input_value(chosen) == "region:East"
    # As it was again, the page goes on.
    visit.page.select_option(chosen, "")
    pass_a_minute(visit.page)
    visit.page.wait_for_selector(".tile.down:has-text('3')")
