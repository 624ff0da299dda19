"""A store's page: its week on its own clock, the evidence, and what its figures are sums of."""

import shutil
from pathlib import Path

import duckdb
import pytest

from tests.browser.conftest import Open, Site

A = "1000000000000000001"
ROUND_THE_CLOCK = "1000000000000000019"


def test_half_an_hour_of_12_march_is_down_on_the_clock_of_chicago_and_in_utc(
    site: Site, open_page: Open
) -> None:
    visit = open_page(site).go(f"store?id={A}")
    assert visit.text("#week") == "Last 7 days on the store's clock, America/Chicago"
    day = visit.page.locator(".chart svg g", has_text="Thu 12 Mar").first
    bar = day.locator("rect[fill='url(#hatch-down)']")
    # Of 960 units of a day: half an hour from half past twelve on.
    assert bar.get_attribute("x") == "500.0"
    assert bar.get_attribute("width") == "20.0"
    assert bar.locator("title").text_content() == (
        "down · inferred · 12:30–13:00 America/Chicago · 17:30–18:00 UTC · 30\u00a0min"
    )


def test_what_is_explained_adds_up(site: Site, open_page: Open) -> None:
    visit = open_page(site).go(f"store?id={A}&explain=last_day")
    rows = visit.page.locator("#explained ~ .scroll tbody").first.locator("tr")
    sums: dict[str, float] = {}
    for row in rows.all():
        cells = row.locator("td").all_inner_texts()
        status, seconds = cells[2].split()[-1], float(cells[4])
        sums[status] = sums.get(status, 0) + seconds
    assert sums == {"up": 27_000.0, "down": 1800.0}
    assert visit.text("[data-figure=uptime_seconds]") == "27000"
    assert visit.text("[data-figure=downtime_seconds]") == "1800"
    assert visit.text("[data-figure=business_seconds]") == "28800"


def test_a_store_that_never_closes_shows_the_skipped_hour_as_a_hole(
    site: Site, open_page: Open, sample_release: Path
) -> None:
    visit = open_page(site).go(f"store?id={ROUND_THE_CLOCK}")
    day = visit.page.locator(".chart svg g", has_text="Sun 8 Mar").first
    [hole] = day.locator("rect.skipped").all()
    assert (hole.get_attribute("x"), hole.get_attribute("width")) == ("80.0", "40.0")
    bars = [
        (float(bar.get_attribute("x")), float(bar.get_attribute("width")))
        for bar in day.locator("rect[fill^='url(#hatch']").all()
    ]
    assert bars == [(0.0, 80.0), (120.0, 840.0)]


def test_in_utc_no_hour_is_skipped(site: Site, open_page: Open) -> None:
    visit = open_page(site).go(f"store?id={ROUND_THE_CLOCK}")
    visit.page.keyboard.press("t")
    visit.page.wait_for_selector("html[data-clock=utc]")
    assert visit.text("#week") == "Last 7 days on the clock of UTC"
    assert visit.page.locator("rect.skipped").count() == 0


def test_polls_stand_where_they_were_and_tell_both_clocks(site: Site, open_page: Open) -> None:
    visit = open_page(site).go(f"store?id={A}")
    day = visit.page.locator(".chart svg g", has_text="Thu 12 Mar").first
    [dot] = day.locator("rect[width='5.2']").all()
    assert float(dot.get_attribute("x")) + 2.6 == pytest.approx(500)
    assert dot.locator("title").text_content() == (
        "poll: inactive · Thu 12 Mar 12:30:00 America/Chicago · Thu 12 Mar 17:30:00 UTC"
    )


def test_figures_without_enough_polls_are_no_percentages(site: Site, open_page: Open) -> None:
    visit = open_page(site).go("store?id=1000000000000000022")
    assert visit.texts(".card .big") == ["not enough polls"] * 3
    assert "more than on polls" in visit.texts(".note")[-1]


def test_hours_that_do_not_fit_are_doubted(site: Site, open_page: Open) -> None:
    visit = open_page(site).go(f"store?id={A}")
    assert visit.texts(".note")[0].startswith("? Doubtful hours. It answers when it is closed:")


def test_special_hours_are_listed(site: Site, open_page: Open) -> None:
    visit = open_page(site).go("store?id=1000000000000000013")
    hours = visit.page.locator("section", has=visit.page.locator("#opening"))
    assert "Mon 9 Mar closed Tue 10 Mar 12:00–16:00" in " ".join(hours.inner_text().split())


def test_exclusions_tell_why(site: Site, open_page: Open, sample_release: Path) -> None:
    with duckdb.connect(str(sample_release), read_only=True) as release:
        store_id, reason = release.execute("select store_id, reason from exclusions").fetchone()
    visit = open_page(site).go(f"store?id={A if store_id == '*' else store_id}")
    assert reason in visit.page.locator("section", has=visit.page.locator("#opening")).inner_text()


def test_outages_tell_the_polls_that_bound_them(site: Site, open_page: Open) -> None:
    visit = open_page(site).go(f"store?id={A}")
    outages = visit.page.locator("section", has=visit.page.locator("#outages"))
    assert " ".join(outages.locator("tbody tr").first.inner_text().split()) == (
        "Thu 12 Mar 12:30 to 13:00 30 min up Thu 12:00, down Thu 12:30, up Thu 13:00; 1 poll down"
    )


def test_a_store_that_was_never_polled_is_not_praised(site: Site, open_page: Open) -> None:
    visit = open_page(site).go(f"store?id={ROUND_THE_CLOCK}")
    assert "Nothing is known of outages: it was never polled." in visit.texts(".empty")
    assert visit.page.locator(".good").count() == 0


def test_odd_ids_have_pages(new_site, open_page: Open, sample_release: Path, tmp_path: Path):
    odd = "../a b/?x=1&y#é<script>alert(1)</script>"
    release = shutil.copy(sample_release, tmp_path / "release.duckdb")
    with duckdb.connect(str(release)) as connection:
        for table in ("store_board", "stores", "intermediate.int_store_keys"):
            connection.execute(f"update {table} set store_id = ? where store_id = ?", [odd, A])
    site = new_site(release)
    visit = open_page(site).go("search?q=alert(1)")
    assert visit.texts("a.row") == [odd]
    visit.page.click("a.row")
    assert visit.text("h1") == odd


def test_a_store_that_there_is_not_is_told_so(site: Site, open_page: Open) -> None:
    visit = open_page(site).go("store?id=nobody", 404)
    assert visit.text(".lead") == "There is no store 'nobody'; the search finds others."


def test_what_another_policy_would_say_is_told(
    site: Site, open_page: Open, sample_release: Path
) -> None:
    with duckdb.connect(str(sample_release), read_only=True) as release:
        [(least, most)] = release.execute(
            """
            select least_uptime_ratio, most_uptime_ratio from policy_effects
            where store_id = '1000000000000000024'
            """
        ).fetchall()
    visit = open_page(site).go("store?id=1000000000000000024")
    shown = [f"{int(ratio * 1000) / 10} %" for ratio in (least, most)]
    assert visit.texts(".note")[-1].startswith(
        f"The last 7 days depend on the policy: uptime from {shown[0]} to {shown[1]}, by what"
    )
    policies = visit.page.locator("section", has=visit.page.locator("#policies")).locator("tbody")
    cells = [
        row.locator("td").first.inner_text().replace("\u00a0", " ")
        for row in policies.locator("tr").all()
    ]
    assert (cells[0], cells[-1]) == tuple(shown)
