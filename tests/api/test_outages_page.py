"""The page of outages: what it lists, what its filters leave, and what it says of nothing."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import duckdb
import pytest
from fastapi.testclient import TestClient

from api.access import Access
from api.releases import attach
from api.settings import Settings
from tests.api.conftest import A, B
from tests.api.fakes import AS_OF
from tests.api.page_text import page, parts_of, rows_of, text_of, tiles_of
from tests.api.readable import publish_copy


@pytest.fixture(autouse=True)
def release(settings: Settings, sample: Path) -> None:
    publish_copy(settings, sample, "sample", as_of=AS_OF)


@pytest.fixture
def connection(sample: Path) -> duckdb.DuckDBPyConnection:
    return attach(sample)


def stores_of(html: str) -> list[str]:
    """Return the stores of the rows, in order, by their links."""
    found = re.findall(r'class="row" href="store\?id=([^"]*)"', html)
    return [unquote_plus(each) for each in found]


def test_the_longest_of_the_last_week_come_first(
    client: TestClient, connection: duckdb.DuckDBPyConnection
):
    found = connection.execute(
        """
        select store_id from outages
        where coalesce(ended_at > ?::timestamp - interval 7 day, true)
        order by wall_seconds desc, started_at desc, store_id
        limit 50
        """,
        [AS_OF.removesuffix("Z")],
    ).fetchall()
    assert stores_of(page(client, "outages")) == [store_id for (store_id,) in found]


@pytest.mark.parametrize(
    ("asked", "condition"),
    [
        ("group=brand:red&period=all", f"store_id in ('{A}', '1000000000000000003')"),
        (f"store={A}&period=all", f"store_id = '{A}'"),
        ("least=120&period=all", "wall_seconds >= 7200"),
        ("lasting=true&period=all", "ended_at is null"),
        ("lasting=false&period=all", "ended_at is not null"),
        (
            "from=2026-03-03&to=2026-03-04",
            "started_at < '2026-03-05' and coalesce(ended_at > '2026-03-03', true)",
        ),
        ("to=2026-03-03", "started_at < '2026-03-04'"),
        ("period=day", "coalesce(ended_at > timestamp '2026-03-11 18:13:22.479220', true)"),
    ],
)
def test_a_filter_leaves_what_it_says(
    client: TestClient, connection: duckdb.DuckDBPyConnection, asked: str, condition: str
):
    stores = [store for html in parts_of(client, f"outages?{asked}") for store in stores_of(html)]
    found = connection.execute(f"select store_id from outages where {condition}").fetchall()
    (all_there_are,) = connection.execute("select count(*) from outages").fetchone()
    assert 0 < len(found) < all_there_are
    assert sorted(stores) == sorted(store_id for (store_id,) in found)


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("newest", "started_at desc, store_id"),
        ("lost", "business_seconds_lost desc, started_at desc, store_id"),
        ("store", "store_id, started_at desc"),
    ],
)
def test_the_order_is_as_asked_for(
    client: TestClient, connection: duckdb.DuckDBPyConnection, sort: str, order: str
):
    found = connection.execute(f"select store_id from outages order by {order} limit 50")
    assert stores_of(page(client, f"outages?period=all&sort={sort}")) == [
        store_id for (store_id,) in found.fetchall()
    ]


def test_the_counts_are_of_those_that_last_and_of_those_that_are_over(
    client: TestClient, connection: duckdb.DuckDBPyConnection
):
    found = connection.execute("select is_end_cut, count(*) from outages group by all")
    counts = dict(found.fetchall())
    html = page(client, "outages?period=all")
    assert dict(tiles_of(html)) == {"lasting": counts[True], "over": counts[False]}
    # A filter by one of them leaves the counts, so that one can go back.
    assert list(tiles_of(page(client, "outages?period=all&lasting=true"))) == list(tiles_of(html))


def test_an_outage_tells_the_polls_that_bound_it(client: TestClient):
    [row] = rows_of(page(client, f"outages?store={A}&from=2026-03-12&lasting=false"))
    assert row[0] == "▲ over 1 poll"
    assert row[2] == "30 min Thu 12 Mar 12:30 to 13:00"
    assert row[3] == "30 min"
    assert row[5] == (
        "last seen up Thu 12 Mar 12:00 first seen down Thu 12 Mar 12:30 "
        "seen up again Thu 12 Mar 13:00"
    )


def test_in_utc_the_same_instants_are_labelled(client: TestClient):
    client.cookies.set("store_uptime_clock", "utc")
    [row] = rows_of(page(client, f"outages?store={A}&from=2026-03-12&lasting=false"))
    assert row[2] == "30 min Thu 12 Mar 17:30 UTC to 18:00 UTC"


def test_an_outage_that_lasts_was_not_seen_up_again(client: TestClient):
    rows = rows_of(page(client, "outages?lasting=true&period=all"))
    assert rows
    for row in rows:
        assert row[0].startswith("▼ lasting")
        assert row[5].endswith("seen up again not yet")


def test_one_that_began_before_the_data_says_so(client: TestClient):
    html = page(client, "outages?store=1000000000000000022&lasting=true&period=all")
    [row] = rows_of(html)
    assert "the data begin with it" in row[2]
    assert row[5].startswith("last seen up never first seen down from its first poll on")


def test_what_no_poll_says_is_told_as_assumed(client: TestClient, settings: Settings):
    release = settings.db.parent / "releases" / "sample.duckdb"
    with duckdb.connect(str(release)) as connection:
        connection.execute("update intermediate.int_outages set polls = 0")
    assert rows_of(page(client, "outages"))[0][5] == "assumed by the policy: no poll says so"


def test_what_a_form_leaves_empty_is_not_in_the_address(client: TestClient):
    response = client.get(
        "/ui/outages?group=&group=brand:red&store=+&least=&period=week&from=&to=&sort=longest",
        follow_redirects=False,
    )
    assert (response.status_code, response.headers["location"]) == (
        303,
        "outages?group=brand%3Ared",
    )


def test_dates_say_more_than_a_period(client: TestClient):
    response = client.get(
        "/ui/outages?period=all&from=2026-03-10&to=&least=15", follow_redirects=False
    )
    assert response.headers["location"] == "outages?least=15&from=2026-03-10"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("store=nobody", "There is no store nobody. Look for it"),
        ("least=900000", "No outage is like that. Show those of the last 7 days"),
        (f"store={A}&lasting=true", "No outage of these lasts: a poll said up after each."),
        ("lasting=true&least=900000", "No outage is like that. Show those of the last 7 days"),
        ("page=999", "The outages end before this part. To the first ones"),
    ],
)
def test_nothing_has_words_of_its_own(client: TestClient, asked: str, said: str):
    html = page(client, f"outages?{asked}")
    assert rows_of(html) == []
    assert said in text_of(html)


def test_without_any_outage_it_says_what_the_polls_say(client: TestClient, settings: Settings):
    release = settings.db.parent / "releases" / "sample.duckdb"
    with duckdb.connect(str(release)) as connection:
        connection.execute("delete from intermediate.int_outages")
    html = page(client, "outages")
    said = "No poll found a store down in its business hours in the last 7 days."
    assert said in text_of(html)
    # Stores that nobody polled are no good news.
    assert '"empty good"' not in html


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("group=East", "'East' is not an attribute and its value"),
        ("from=2026-03-10&to=2026-03-09", "from: 2026-03-10 is after 2026-03-09"),
        ("sort=loudest", "sort: "),
        ("least=-1", "least: "),
        ("from=yesterday", "from: "),
    ],
)
def test_what_cannot_be_asked_is_refused(client: TestClient, asked: str, said: str):
    response = client.get(f"/ui/outages?{asked}")
    assert response.status_code == 422
    assert said in text_of(response.text)


def test_a_token_of_some_stores_sees_their_outages_alone(client: TestClient, settings: Settings):
    access = Access(settings.output)
    token = access.create("some", ["read"], stores=[A])
    access.close()
    headers: dict[str, Any] = {"Authorization": f"Bearer {token}"}
    response = client.get("/ui/outages?period=all", headers=headers)
    assert set(stores_of(response.text)) == {A}
    assert client.get(f"/ui/outages?store={B}", headers=headers).status_code == 403
    # What is about all stores is not in the navigation.
    assert 'href="targets"' not in response.text
