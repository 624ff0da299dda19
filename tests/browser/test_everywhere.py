"""What holds for every page: whoever looks, and by whatever."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.browser.conftest import Open, Site, Visit, new_visit, visit_in

# Every page, and those that look different with something else asked of them.
PAGES = (
    "",
    "?by=region",
    "?view=wall",
    "?status=unknown",
    "fleet",
    "fleet?group=region%3AEast",
    "store?id=1000000000000000001&explain=last_day",
    "store?id=1000000000000000019",
    "search",
    "search?q=denver",
    "search?q=nothing-like-that",
    "outages",
    "outages?group=region%3AEast&period=all&sort=newest",
    "outages?store=nobody",
    "targets",
    "targets?when=all",
    "targets?when=all&state=kept",
    "data",
    "data?list=rows&input=store_status",
    "data?list=alone",
    "data?list=files",
    "data?list=notes",
    "data?list=silences",
    "data?list=rows&reason=bad_date",
    "reports",
    "help",
)
PHONE = {"width": 390, "height": 844}
EVERY_RULE: dict[str, Any] = {"resultTypes": ["violations"]}
# By night nothing else is different.
COLOURS = EVERY_RULE | {"runOnly": ["color-contrast", "link-in-text-block"]}


See = Callable[[str], Visit]


@pytest.fixture(scope="module")
def see(browser: Browser, site: Site) -> Iterator[See]:
    """Offer `see(path)`, a page as it is first seen; it is opened once, and nobody leaves it."""
    visits: dict[str, Visit] = {}
    context = browser.new_context()

    def see_it(path: str) -> Visit:
        if path not in visits:
            visits[path] = visit_in(context, site).go(path)
            visits[path].page.wait_for_load_state("networkidle")
        return visits[path]

    yield see_it
    context.close()


@pytest.fixture(scope="module")
def without_scripts(browser: Browser, site: Site) -> Iterator[Visit]:
    """Offer a page that is led from one address to the next."""
    visit = new_visit(browser, site, java_script_enabled=False)
    yield visit
    visit.page.context.close()
    assert visit.faults == []


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("scheme", "options"), [("light", EVERY_RULE), ("dark", COLOURS)])
def test_axe_finds_nothing(see: See, path: str, scheme: str, options: dict[str, Any]) -> None:
    visit = see(path)
    visit.page.emulate_media(color_scheme=scheme)
    found = Axe().run(visit.page, options=options).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in found] == []


@pytest.mark.parametrize("path", PAGES)
def test_the_console_has_no_error_and_nothing_is_asked_elsewhere(see: See, path: str) -> None:
    assert see(path).faults == []


@pytest.mark.parametrize("path", PAGES)
def test_a_phone_need_not_scroll_sideways(see: See, path: str) -> None:
    visit = see(path)
    before = visit.page.viewport_size
    visit.page.set_viewport_size(PHONE)
    width = visit.page.evaluate("document.documentElement.scrollWidth")
    visit.page.set_viewport_size(before)
    assert width == PHONE["width"]


@pytest.mark.parametrize("path", PAGES)
def test_without_scripts_the_page_is_the_same(see: See, without_scripts: Visit, path: str) -> None:
    without = without_scripts.go(path)
    ages = re.compile(r" · just now| · \d+ (h \d+ )?min ago")
    assert without.text("main") == ages.sub("", see(path).text("main"))


def test_without_scripts_the_clock_changes_and_is_remembered(site: Site, open_page: Open) -> None:
    visit = open_page(site, java_script_enabled=False).go("?status=down")
    visit.page.click("#clock")
    assert visit.page.url == site.url + "?status=down"
    assert "UTC" in visit.texts(".c-since")[0]
    visit.go("store?id=1000000000000000001")
    assert "UTC" in visit.text("#week")
    visit.page.click("#clock")
    assert "America/Chicago" in visit.text("#week")


@pytest.mark.parametrize("path", PAGES)
def test_each_chart_has_a_table_or_says_in_words_what_it_shows(see: See, path: str) -> None:
    for chart in see(path).page.locator("main svg[role=img]").all():
        label = chart.get_attribute("aria-label") or ""
        if "the table below has the same" in label:
            card = chart.locator("xpath=ancestor::section")
            has_table = (
                card.locator("details table").count() or card.locator("a[href='#trend']").count()
            )
            assert has_table, label
        else:
            assert re.search(r"\d", label), label


@pytest.mark.parametrize("path", PAGES)
def test_status_is_told_by_sign_and_word(see: See, path: str) -> None:
    # What is folded away counts, too.
    for text in see(path).page.locator(".status").all_text_contents():
        said = " ".join(text.split())
        assert re.match(r"[▼◌?▲–✕✓◷◴!] \w+", said), said


@pytest.mark.parametrize("path", PAGES)
def test_no_percentage_without_its_period(see: See, path: str) -> None:
    text = see(path).page.evaluate(
        r"""
        () => [...document.querySelectorAll("main *")]
            .filter((each) => !each.children.length && /\d\u00a0%/.test(each.textContent))
            .filter((each) => each.getClientRects().length)
            .filter((each) => {
                const row = each.closest("td, dd");
                const head = row && row.closest("table")?.tHead;
                const about = [
                    head?.rows[0].cells[row.cellIndex]?.textContent,
                    row && row.closest("tr")?.cells?.[0]?.textContent,
                    each.closest("section")?.querySelector("h2")?.textContent,
                    each.closest(".note, .said, p, svg")?.textContent,
                ].join(" ");
                return !/hour|day|week|period|from .* on|policy/.test(about);
            })
            .map((each) => each.outerHTML)
        """
    )
    assert text == []


def test_keys_lead_through_a_list(site: Site, open_page: Open) -> None:
    visit = open_page(site).go("?status=down")
    for _ in range(3):
        visit.page.keyboard.press("j")
    visit.page.keyboard.press("k")
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_url(site.url + "store?id=1000000000000000045")
    visit.page.keyboard.press("/")
    visit.page.keyboard.type("denver")
    visit.page.keyboard.press("Enter")
    visit.page.wait_for_url(site.url + "search?q=denver")
    assert visit.texts("a.row") == ["1000000000000000022", "1000000000000000005"]
    visit.page.keyboard.press("?")
    assert visit.page.locator("#keys").is_visible()


def test_browsers_are_led_to_the_board(site: Site, open_page: Open) -> None:
    visit = open_page(site)
    visit.page.goto(site.root)
    assert visit.page.url == site.url


def test_the_policy_allows_nothing_that_is_unsafe_or_elsewhere(site: Site, open_page: Open) -> None:
    visit = open_page(site)
    response = visit.page.goto(site.url)
    assert response is not None
    policy = response.header_value("content-security-policy")
    assert policy is not None and "unsafe" not in policy
    sources = {word for part in policy.split(";") for word in part.split()[1:]}
    assert sources == {"'none'", "'self'"}
