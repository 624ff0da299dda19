"""The board: counts that filter, order, groups, the wall, and what came in the last day."""

import shutil
from pathlib import Path

import duckdb
import pytest

from tests.browser.conftest import Open, Site

COUNTS = ["▼ 4 down", "◌ 6 not heard from", "? 0 unknown", "▲ 38 up", "– 13 closed", "✕ 0 excluded"]
DOWN_LONGEST_FIRST = [
    "1000000000000000008",
    "1000000000000000045",
    "8111870711744055672",
    "1000000000000000043",
]


def test_the_sample_has_4_down_and_6_not_heard_from(site: Site, open_page: Open) -> None:
    visit = open_page(site).go()
    assert visit.texts(".tile") == COUNTS
    assert len(visit.texts("a.row")) == 10
    assert visit.texts("td .status")[:5] == [*["▼ down"] * 4, "◌ not heard from"]


def test_a_tile_filters_and_the_address_back_and_reload_keep_it(
    site: Site, open_page: Open
) -> None:
    visit = open_page(site).go()
    visit.page.click(".tile.down")
    visit.page.wait_for_url(site.url + "?status=down")
    assert visit.texts("a.row") == DOWN_LONGEST_FIRST
    visit.page.reload()
    assert visit.texts("a.row") == DOWN_LONGEST_FIRST
    assert visit.text(".tile[aria-current]") == "▼ 4 down"
    visit.page.go_back()
    assert len(visit.texts("a.row")) == 10
    visit.page.go_forward()
    assert visit.texts("a.row") == DOWN_LONGEST_FIRST
    visit.page.click(".tile.down")
    visit.page.wait_for_url(site.url)


def test_the_three_in_the_east_that_are_down_longest(site: Site, open_page: Open) -> None:
    visit = open_page(site).go()
    visit.page.select_option("select:has(option[value='region:East'])", "region:East")
    visit.page.click("form.filters button")
    visit.page.wait_for_url(site.url + "?group=region%3AEast")
    assert visit.texts("a.row")[:3] == [
        "1000000000000000008",
        "8111870711744055672",
        "1000000000000000024",
    ]
    assert [each.split(" Thu")[0] for each in visit.texts(".c-since")[:2]] == [
        "6 h 13 min",
        "1 h 52 min",
    ]


def test_newest_first_turns_the_order_round(site: Site, open_page: Open) -> None:
    visit = open_page(site).go("?status=down&sort=newest")
    assert visit.texts("a.row") == DOWN_LONGEST_FIRST[::-1]


def test_two_polls_leave_out_who_was_seen_down_once(
    site: Site, open_page: Open, sample_release: Path
) -> None:
    with duckdb.connect(str(sample_release), read_only=True) as release:
        known = release.execute(
            """
            select store_id from store_board
            where current_status = 'down' and polls_in_status >= 2 order by seconds_in_status desc
            """
        ).fetchall()
    visit = open_page(site).go("?status=down&polls=2")
    assert visit.texts("a.row") == [store_id for (store_id,) in known]


def test_regions_come_worst_first_and_lead_to_their_stores(site: Site, open_page: Open) -> None:
    visit = open_page(site).go("?by=region")
    assert visit.texts("a.row") == ["East", "West", "Abroad", "Central"]
    assert visit.texts("tbody tr")[0].startswith("▼ down East 23 2 3 0")
    visit.page.click("a.row >> nth=0")
    assert len(visit.texts("a.row")) == 5


def test_by_region_it_says_that_all_stores_are_shown(site: Site, open_page: Open) -> None:
    said = "These are all stores, whatever is chosen above."
    assert said not in open_page(site).go("?by=region").text(".said")
    assert said in open_page(site).go("?by=region&group=brand:Pizza").text(".said")


def test_nothing_found_says_so(site: Site, open_page: Open) -> None:
    visit = open_page(site).go("?status=unknown")
    assert "No store is like that" in visit.text(".empty")


def test_the_wall_shows_what_matters_and_nothing_else(site: Site, open_page: Open) -> None:
    visit = open_page(site).go("?view=wall")
    assert visit.texts(".tile") == COUNTS
    assert not visit.page.locator("header.top").is_visible()
    assert not visit.page.locator("form.filters").is_visible()


@pytest.mark.parametrize(
    ("table", "row", "said"),
    [
        (
            "poll_gaps",
            "(timestamp '2026-03-12 17:00', null, 4402.0, 360.0, 55)",
            "◌ Nobody is polling since Thu 17:00 UTC: 1 h 13 min, where 6 min is usual; 55 stores",
        ),
        (
            "common_causes",
            "('region', 'East', timestamp '2026-03-12 16:00', timestamp '2026-03-12 16:20', "
            "7, 0.3043, 25200.0, ['a'])",
            "▼ Many failed at once: 7 stores (30.4 % of region East) from Thu 16:00 UTC on, with "
            "7.0 h lost",
        ),
    ],
)
def test_a_banner_tells_of_the_last_day(
    table: str,
    row: str,
    said: str,
    new_site,
    open_page: Open,
    sample_release: Path,
    tmp_path: Path,
) -> None:
    release = shutil.copy(sample_release, tmp_path / "release.duckdb")
    with duckdb.connect(str(release)) as connection:
        connection.execute(f"truncate {table}")
        connection.execute(f"insert into {table} values {row}")
    visit = open_page(new_site(release)).go()
    assert visit.text(".note").startswith(said)


def test_times_are_on_the_stores_clock_or_in_utc(site: Site, open_page: Open) -> None:
    visit = open_page(site).go("?status=down")
    assert "Thu 12 Mar 08:00" in visit.texts(".c-since")[0]
    visit.page.keyboard.press("t")
    visit.page.wait_for_selector("html[data-clock=utc]")
    assert "Thu 12 Mar 12:00 UTC" in visit.texts(".c-since")[0]
    # Remembered, on every page.
    visit.go("store?id=1000000000000000001")
    assert "UTC" in visit.text("#week")


def test_weeks_with_too_few_polls_are_no_percentages(
    site: Site, open_page: Open, sample_release: Path
) -> None:
    with duckdb.connect(str(sample_release), read_only=True) as release:
        known = dict(release.execute("select store_id, week_is_enough from store_board").fetchall())
    visit = open_page(site).go(
        "?status=down&status=not+heard+from&status=up&status=closed&sort=store"
    )
    ids, weeks = visit.texts("a.row"), visit.texts(".c-week")
    assert len(ids) == 50
    for store_id, week in zip(ids, weeks, strict=True):
        assert ("%" in week) == known[store_id], store_id
