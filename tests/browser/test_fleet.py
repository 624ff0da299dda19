"""The fleet's page: the figures of the tables, to the last digit shown, and what they say."""

from decimal import ROUND_DOWN, Decimal
from pathlib import Path

import duckdb
import pytest

from tests.browser.conftest import Open, Site
from tests.browser.printed import sheets

# What is between the margins of A4, in pixels.
PAPER = {"width": 703, "height": 1009}


def rows(release: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(release), read_only=True) as connection:
        return connection.execute(sql).fetchall()


def shown(ratio: float, digits: str = "0.01") -> str:
    """Return a ratio as a percentage that is cut, by the text of the figure."""
    return f"{(Decimal(repr(ratio)) * 100).quantize(Decimal(digits), ROUND_DOWN)} %"


@pytest.mark.parametrize("group", [("all", None), ("region", "East"), ("brand", "Pizza")])
def test_figures_are_those_of_group_uptime(
    site: Site, open_page: Open, sample_release: Path, group: tuple[str, str | None]
) -> None:
    attribute, value = group
    visit = open_page(site).go("fleet" if value is None else f"fleet?group={attribute}:{value}")
    known = rows(
        sample_release,
        f"""
        select period, uptime_ratio, coverage_ratio, stores from group_uptime
        where attribute = '{attribute}'
            and value is not distinct from {"null" if value is None else f"'{value}'"}
        """,
    )
    assert len(known) == 3
    for period, ratio, coverage, stores in known:
        card = f"[data-period={period}]"
        expected = shown(ratio) if coverage >= 0.5 else "not enough polls"
        assert visit.text(f"{card} .big") == expected
        assert visit.texts(f"{card} dd")[-1] == str(stores)


def test_it_says_whether_last_week_was_better_than_the_week_before(
    site: Site, open_page: Open, sample_release: Path
) -> None:
    [(week,), (before,)] = rows(
        sample_release,
        """
        select uptime_ratio from fleet_periods
        where attribute = 'all' and period in ('last_week', 'week_before') order by period
        """,
    )
    visit = open_page(site).go("fleet")
    assert week < before
    assert visit.text(".verdict").startswith(
        f"▼ Worse than the week before: {shown(week)} in the last 7 days, {shown(before)} in the "
        "7 days before."
    )


def test_days_with_too_few_polls_have_no_point(
    site: Site, open_page: Open, sample_release: Path
) -> None:
    visit = open_page(site).go("fleet")
    visit.page.click("#trend-table summary")
    said = dict(
        rows(
            sample_release,
            """
            select strftime(date, '%a %-d %b'), if(is_enough, uptime_ratio, null)
            from daily_group_uptime where attribute = 'all'
            """,
        )
    )
    table = visit.page.locator("#trend-table tbody tr").all()
    assert len(table) == len(said)
    for row in table:
        day, ratio = row.locator("th").inner_text(), row.locator("td").first.inner_text()
        expected = "not enough polls" if said[day] is None else shown(said[day])
        assert ratio.replace("\u00a0", " ") == expected
    points = visit.page.locator("circle.dot[r='4.5']").count()
    assert points == sum(ratio is not None for ratio in said.values())


def test_hours_of_the_week_are_those_of_the_table(
    site: Site, open_page: Open, sample_release: Path
) -> None:
    [(cells, unsure)] = rows(
        sample_release,
        """
        select count(*), count(*) filter (not is_enough) from group_hour_of_week
        where attribute = 'all' and business_seconds > 0
        """,
    )
    visit = open_page(site).go("fleet")
    chart = visit.page.locator("section", has=visit.page.locator("#hours")).locator(".chart")
    assert chart.locator("rect.cell").count() == cells
    assert chart.locator("rect.cell.few").count() == unsure


def test_the_worst_store_has_its_share(site: Site, open_page: Open, sample_release: Path) -> None:
    [(store_id, share)] = rows(
        sample_release,
        """
        select store_id, week_downtime_share from store_board
        order by week_downtime_seconds desc limit 1
        """,
    )
    visit = open_page(site).go("fleet")
    worst = visit.page.locator("section", has=visit.page.locator("#worst")).locator("tbody tr")
    cells = worst.first.locator("td").all_inner_texts()
    assert cells[0].split()[0] == store_id
    assert cells[2].replace("\u00a0", " ") == shown(share, "0.001")


@pytest.mark.parametrize("path", ["fleet", "store?id=1000000000000000001"])
def test_it_prints_as_a_pdf_with_the_method_of_counting_on_each_sheet(
    site: Site, open_page: Open, path: str
) -> None:
    visit = open_page(site).go(path)
    visit.page.emulate_media(media="print")
    method = "".join(visit.text("footer").split())
    printed = sheets(visit.page.pdf(prefer_css_page_size=True))
    assert 1 < len(printed) <= 4
    assert "neverroundedup" in method
    for number, text in enumerate(printed, 1):
        assert text.endswith(method)
        assert f"{number}/{len(printed)}" in text
        assert "Datahealth" not in text


@pytest.mark.parametrize("path", ["fleet", "store?id=1000000000000000001"])
def test_on_paper_nothing_reaches_out_of_its_card(site: Site, open_page: Open, path: str) -> None:
    visit = open_page(site, viewport=PAPER).go(path)
    visit.page.emulate_media(media="print")
    widths = visit.page.evaluate(
        "[...document.querySelectorAll('.card')].map(card => [card.scrollWidth, card.clientWidth])"
    )
    assert len(widths) > 4
    assert [each for each in widths if each[0] > each[1]] == []
