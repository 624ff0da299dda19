"""The page of targets: the budget in hours, and no praise where too few polls say so."""

from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from fastapi.testclient import TestClient

from api.access import Access
from api.releases import attach
from api.settings import Settings
from api.ui.targets import Budget, budget, period_words
from api.ui.words import hours, percent
from tests.api.conftest import A
from tests.api.fakes import AS_OF
from tests.api.page_text import all_rows, links_of, page, rows_of, text_of, tiles_of
from tests.api.readable import publish_copy

MISSED, FEW, KEPT = "✕ missed", "? not enough polls", "✓ kept"


@pytest.fixture(autouse=True)
def release(settings: Settings, sample: Path) -> None:
    publish_copy(settings, sample, "sample", as_of=AS_OF)


@pytest.fixture
def targets(sample: Path) -> list[dict[str, Any]]:
    """Offer the rows of the table."""
    found = attach(sample).execute("select * from target_attainment")
    names = [column[0] for column in found.description]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def state(row: dict[str, Any]) -> str:
    if not row["is_enough"] or row["is_met"] is None:
        return FEW
    return KEPT if row["is_met"] else MISSED


def test_a_budget_is_told_in_hours(client: TestClient, targets: list[dict[str, Any]]):
    told = [
        row[4:8]
        for row in all_rows(client, "targets?when=all&target=store_id:" + A)
        if not row[0].startswith(FEW)
    ]
    figures = [
        [
            hours(row["error_budget_minutes"] * 60),
            hours(row["downtime_seconds"]),
            hours(row["error_budget_left_minutes"] * 60)
            if row["error_budget_left_minutes"] >= 0
            else f"{hours(-row['error_budget_left_minutes'] * 60)} over",
            percent(row["uptime_ratio"], 2),
        ]
        for row in targets
        if row["attribute"] == "store_id" and state(row) != FEW
    ]
    assert {tuple(row) for row in told} == {
        tuple(each.replace("\u00a0", " ") for each in row) for row in figures
    }
    assert any("over" in row[2] for row in told) and any("over" not in row[2] for row in told)


def test_without_enough_polls_there_are_bounds_but_no_figure_and_no_praise(
    client: TestClient, targets: list[dict[str, Any]]
):
    praised = [row for row in targets if row["is_met"] and state(row) == FEW]
    assert praised
    rows = [row for row in all_rows(client, "targets?when=all") if row[0].startswith(FEW)]
    assert len(rows) == sum(state(row) == FEW for row in targets)
    for row in rows:
        assert row[3] in (
            "not enough polls to say",
            "nothing is known of it",
        )
        assert row[4:7] == ["–", "–", "–"]
    bounds = {
        f"at least {percent(row['least_uptime_ratio'])} at most {percent(row['most_uptime_ratio'])}"
        for row in targets
        if state(row) == FEW
    }
    assert {row[7] for row in rows} == {each.replace("\u00a0", " ") for each in bounds}
    assert len(bounds) > 1


def test_the_counts_are_of_the_states(client: TestClient, targets: list[dict[str, Any]]):
    counts = dict(tiles_of(page(client, "targets?when=all")))
    assert counts == {
        words[2:]: sum(state(row) == words for row in targets) for words in (MISSED, FEW, KEPT)
    }
    for name, words in (("missed", MISSED), ("few", FEW), ("kept", KEPT)):
        rows = all_rows(client, f"targets?when=all&state={name}")
        assert len(rows) == counts[words[2:]]
        assert all(row[0].startswith(words) for row in rows)


@pytest.mark.parametrize(("when", "is_running"), [("running", True), ("over", False)])
def test_periods_run_or_are_over(
    client: TestClient, targets: list[dict[str, Any]], when: str, is_running: bool
):
    rows = all_rows(client, f"targets?when={when}")
    assert len(rows) == sum(row["is_running"] == is_running for row in targets) > 0
    assert {row[0].endswith(" so far") for row in rows} == {is_running}


def test_the_worst_comes_first(client: TestClient):
    rows = all_rows(client, "targets?when=all")
    states = [next(s for s in (MISSED, FEW, KEPT) if row[0].startswith(s)) for row in rows]
    assert states == sorted(states, key=(MISSED, FEW, KEPT).index)
    over = [
        float(row[6].split(" ")[0].replace(",", "")) for row in rows if row[0].startswith(MISSED)
    ]
    assert len(over) > 1 and over == sorted(over, reverse=True)


def test_a_target_leads_to_those_it_is_about(client: TestClient):
    html = page(client, "targets")
    assert "brand red 99.00 % each week · 2 stores" in text_of(html)
    links = links_of(html)
    assert links["all stores"] == "fleet"
    assert links["brand red"] == "fleet?group=brand%3Ared"
    assert links[f"store {A}"] == f"store?id={A}"


@pytest.mark.parametrize(
    ("length", "started_on", "words"),
    [
        ("day", date(2026, 3, 12), "Thu 12 Mar 2026"),
        ("week", date(2026, 3, 9), "week from Mon 9 Mar 2026"),
        ("month", date(2026, 3, 1), "March 2026"),
        ("quarter", date(2026, 4, 1), "quarter 2 of 2026"),
        ("year", date(2026, 1, 1), "2026"),
    ],
)
def test_a_calendar_period_has_its_name(length: str, started_on: date, words: str):
    assert period_words(length, started_on) == words


@pytest.mark.parametrize(
    ("allowed", "used", "bar"),
    [
        # A quarter of the budget is used.
        (7200, 1800, Budget(25, 0, 100)),
        # Four times the budget is used: the budget ends at a quarter of the bar.
        (1800, 7200, Budget(25, 75, 25)),
        (0, 0, Budget(0, 0, 0)),
        (0, 60, Budget(0, 100, 0)),
    ],
)
def test_the_bar_is_as_long_as_what_is_longer(allowed: float, used: float, bar: Budget):
    assert budget(allowed, used) == bar


def test_nothing_has_words_of_its_own(client: TestClient):
    for asked, said in (
        ("target=brand:green", "No target is like that. Show all that are running now"),
        ("page=999", "The targets end before this part. To the first ones"),
    ):
        html = page(client, f"targets?{asked}")
        assert rows_of(html) == []
        assert said in text_of(html)


def test_without_targets_it_says_how_to_promise_something(client: TestClient, settings: Settings):
    release = settings.db.parent / "releases" / "sample.duckdb"
    with duckdb.connect(str(release)) as connection:
        connection.execute("delete from target_attainment")
    said = text_of(page(client, "targets"))
    assert "Nothing was promised yet. A file uptime_targets.csv among the inputs" in said


def test_what_a_form_leaves_empty_is_not_in_the_address(client: TestClient):
    response = client.get(
        "/ui/targets?when=running&target=&each=&sort=worst&state=missed", follow_redirects=False
    )
    assert (response.status_code, response.headers["location"]) == (303, "targets?state=missed")


def test_a_token_of_some_stores_is_refused(client: TestClient, settings: Settings):
    access = Access(settings.output)
    token = access.create("some", ["read"], stores=[A])
    access.close()
    response = client.get("/ui/targets", headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 403
    assert "about all stores" in text_of(response.text)
