"""Stores, timelines and figures of the newest release, whatever the ids are."""

import base64
import json
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
import pytest
from fastapi.testclient import TestClient

from api.answers import Places, TooSlowError, limited
from api.errors import BusyError
from api.pages import write_cursor
from api.releases import SharedReleases
from api.settings import Settings
from tests.api.readable import AS_OF, ODD_IDS, STORES, publish_copy, write_readable

BRAND = 'the "brand" of it'
IDS = sorted(store[0] for store in STORES)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_readable(tmp_path_factory.mktemp("readable") / "release.duckdb")


@pytest.fixture(autouse=True)
def release(settings: Settings, written: Path) -> None:
    publish_copy(settings, written, "readable")


def ask(client: TestClient, url: str, **params: Any) -> Any:
    response = client.get(url, params=params or None)
    assert response.status_code == 200, response.text
    return json.loads(response.text, parse_float=Decimal)


def refused(client: TestClient, url: str, **params: Any) -> tuple[int, str]:
    response = client.get(url, params=params or None)
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()["detail"]


def pages(client: TestClient, url: str, name: str, **params: Any) -> list[Any]:
    """Return the rows of all pages."""
    rows, cursor = [], {}
    while True:
        page = ask(client, url, **params, **cursor)
        assert 0 < len(page[name]) <= params["limit"]
        rows += page[name]
        if page["next_cursor"] is None:
            return rows
        cursor = {"cursor": page["next_cursor"]}


def test_store_is_what_the_release_knows_of_it(client: TestClient):
    found = ask(client, "/stores/a")
    assert found["as_of"] == AS_OF
    figures = found["store"].pop("periods")
    assert found["store"] == {
        "store_id": "a",
        "timezone": "America/Chicago",
        "is_timezone_given": True,
        "has_business_hours": True,
        "is_always_open": False,
        "first_polled_at": "2026-03-12T17:00:00.000000Z",
        "last_polled_at": "2026-03-12T17:00:00.000000Z",
        "last_status": "active",
        "named_by": "business_hours",
        "attributes": {BRAND: "red"},
        "hours": [],
        "special_hours": [],
    }
    assert list(figures) == ["last_hour", "last_day", "last_week"]
    assert figures["last_week"]["started_at"] == "2026-03-05T18:00:00.000000Z"
    assert figures["last_week"]["downtime_seconds"] == Decimal("0.1")


@pytest.mark.parametrize("store_id", ODD_IDS)
def test_any_id_is_data(client: TestClient, store_id: str):
    encoded = quote(store_id, safe="")
    assert ask(client, f"/stores/{encoded}")["store"]["store_id"] == store_id
    timeline = ask(client, f"/stores/{encoded}/timeline")
    assert (timeline["store_id"], len(timeline["timeline"])) == (store_id, 4)
    assert [row["store_id"] for row in ask(client, "/stores", search=store_id)["stores"]] == [
        store_id
    ]
    assert ask(client, "/uptime", stores=store_id)["groups"][0]["stores"] == 1


@pytest.mark.parametrize("url", ["/stores/e%2Fx", "/stores/e%2Fx/timeline", "/uptime?stores=e/x"])
def test_unknown_store_is_not_found(client: TestClient, url: str):
    status, detail = refused(client, url)
    assert status == 404
    assert detail == "There is no store 'e/x' in the newest release; GET /stores lists them all."


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 5, 1000])
@pytest.mark.parametrize(
    "sort", ["store_id", "last_polled_at", "downtime_last_week", "uptime_ratio_last_day"]
)
def test_pages_hold_every_store_once_in_order(
    client: TestClient, sort: str, order: str, limit: int
):
    rows = pages(client, "/stores", "stores", sort=sort, order=order, limit=limit)
    direction = 1 if order == "asc" else -1

    def key(store: tuple) -> tuple:
        if sort == "store_id":
            return ()
        if sort == "last_polled_at":
            # All at the same time, or never, which comes last.
            return (store[3] is None,)
        if sort == "uptime_ratio_last_day":
            return (store[4] is None, -direction * (store[4] or 0))
        return (direction * (store[4] or 0),)

    by_id = sorted(STORES, reverse=sort == "store_id" and order == "desc")
    assert [row["store_id"] for row in rows] == [store[0] for store in sorted(by_id, key=key)]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"search": "ETC/"}, ["../../etc/passwd"]),
        ({"search": "RED"}, ["a", "b"]),
        ({"search": "%"}, ["100%25"]),
        ({"search": ""}, IDS),
        ({"search": "nowhere"}, []),
        ({"status": "inactive"}, ["b", "c"]),
        ({"status": "never_polled"}, ["d"]),
        ({"timezone": "America/Chicago"}, ["a", "b"]),
        ({"timezone": "America/Chicago", "status": "active"}, ["a"]),
        ({"timezone": "' or true --"}, []),
    ],
)
def test_filters(client: TestClient, params: dict[str, str], expected: list[str]):
    page = ask(client, "/stores", **params)
    assert [row["store_id"] for row in page["stores"]] == expected


def test_timeline_is_clipped_to_the_window(client: TestClient):
    window = {"from": "2026-03-10T11:30:00Z", "to": "2026-03-11T12:00+01:30"}
    found = ask(client, "/stores/a/timeline", **window)
    assert (found["started_at"], found["ended_at"]) == (
        "2026-03-10T11:30:00.000000Z",
        "2026-03-11T10:30:00.000000Z",
    )
    assert found["timeline"] == [
        {
            "started_at": "2026-03-10T11:30:00.000000Z",
            "ended_at": "2026-03-10T12:00:00.000000Z",
            "status": "up",
            "is_confirmed": True,
            "duration_seconds": 1800,
        },
        {
            "started_at": "2026-03-11T10:00:00.000000Z",
            "ended_at": "2026-03-11T10:30:00.000000Z",
            "status": "down",
            "is_confirmed": True,
            "duration_seconds": 1800,
        },
    ]


def test_timeline_in_pages_is_the_timeline(client: TestClient):
    whole = ask(client, "/stores/a/timeline")["timeline"]
    assert len(whole) == 4
    assert pages(client, "/stores/a/timeline", "timeline", limit=1) == whole


def test_uptime_of_all_stores_is_one_row(client: TestClient):
    # 12 stores, each 3 h up of 4 h and 0.100001 s of which nothing is known.
    assert ask(client, "/uptime") == {
        "as_of": AS_OF,
        "started_at": "2026-03-05T18:00:00.000000Z",
        "ended_at": AS_OF,
        "is_start_cut": False,
        "group_by": "none",
        "next_cursor": None,
        "groups": [
            {
                "group": None,
                "stores": 12,
                "business_seconds": Decimal("172801.200012"),
                "uptime_seconds": Decimal(129600),
                "downtime_seconds": Decimal(43200),
                "unknown_seconds": Decimal("1.200012"),
                "excluded_seconds": Decimal(0),
                "confirmed_seconds": Decimal(129600),
                "uptime_seconds_min": Decimal(86400),
                "uptime_seconds_max": Decimal("129601.200012"),
                "uptime_ratio": Decimal("0.75"),
                "coverage_ratio": Decimal("0.7499947916507529"),
            }
        ],
    }


@pytest.mark.parametrize(
    ("group_by", "expected"),
    [
        ("store", [(store_id, 1) for store_id in IDS]),
        ("timezone", [("America/Chicago", 2), ("UTC", 10)]),
        ("last_status", [("active", 9), ("inactive", 2), (None, 1)]),
        (BRAND, [("blue", 9), ("red", 2), (None, 1)]),
    ],
)
def test_groups_add_up_to_the_whole_exactly(
    client: TestClient, group_by: str, expected: list[tuple[str | None, int]]
):
    rows = pages(client, "/uptime", "groups", group_by=group_by, limit=1)
    assert [(row["group"], row["stores"]) for row in rows] == expected
    assert rows == ask(client, "/uptime", group_by=group_by)["groups"]
    whole = ask(client, "/uptime")["groups"][0]
    for name in whole:
        if name.endswith(("_seconds", "_seconds_min", "_seconds_max")):
            assert sum(row[name] for row in rows) == whole[name]


@pytest.mark.parametrize("name", ["uptime_seconds", "business_seconds", "key", "stores", "figures"])
def test_attribute_may_be_called_like_a_figure(
    client: TestClient, settings: Settings, written: Path, tmp_path: Path, name: str
):
    path = Path(shutil.copy(written, tmp_path))
    with duckdb.connect(str(path)) as connection:
        connection.execute(f"alter table stores add column {name} varchar default 'x'")
    publish_copy(settings, path, "renamed")
    [whole] = ask(client, "/uptime")["groups"]
    [group] = ask(client, "/uptime", group_by=name)["groups"]
    assert group == whole | {"group": "x"}
    assert ask(client, "/stores/a")["store"]["attributes"] == {BRAND: "red", name: "x"}


def test_uptime_counts_the_stores_asked_for(client: TestClient):
    rows = ask(client, "/uptime", group_by="store", stores=["b", "a", "a"])["groups"]
    assert [row["group"] for row in rows] == ["a", "b"]


def test_ratio_of_nothing_is_null(client: TestClient):
    window = {"from": "2026-03-09", "to": "2026-03-10"}
    [row] = ask(client, "/uptime", **window)["groups"]
    assert (row["stores"], row["business_seconds"]) == (12, 0)
    assert (row["uptime_ratio"], row["coverage_ratio"]) == (None, None)


@pytest.mark.parametrize("url", ["/uptime", "/stores/a/timeline"])
@pytest.mark.parametrize(
    ("params", "detail"),
    [
        (
            {"from": "2027-01-01", "to": "2027-01-02"},
            "query.from: 2027-01-01T00:00:00.000000Z is not before 2026-03-12T18:00:00.000000Z, "
            "the end.",
        ),
        (
            {"from": "2026-03-12T20:00+02:00"},
            "query.from: 2026-03-12T18:00:00.000000Z is not before 2026-03-12T18:00:00.000000Z, "
            "the end.",
        ),
        (
            {"from": "2020-01-01"},
            "query.from: 2020-01-01T00:00:00.000000Z to 2026-03-12T18:00:00.000000Z is longer "
            "than 400 days, the most that STORE_UPTIME_WINDOW_DAYS_MAX allows.",
        ),
        (
            {"to": "0001-01-01T00:00+14:00"},
            "query.to: 0001-01-01T00:00:00+14:00 is outside the years 1971 to 9998.",
        ),
    ],
)
def test_window_that_makes_no_sense_is_refused(
    client: TestClient, url: str, params: dict[str, str], detail: str
):
    assert refused(client, url, **params) == (422, detail)


@pytest.mark.parametrize("url", ["/uptime", "/stores/a/timeline"])
@pytest.mark.parametrize("to", ["now", "2026-03-12T18:00:00.000001Z", "9998-01-01"])
def test_end_in_the_future_means_up_to_as_of(client: TestClient, url: str, to: str):
    found = ask(client, url, to=to)
    assert found == ask(client, url)
    assert found["ended_at"] == AS_OF


@pytest.mark.parametrize("url", ["/uptime", "/stores/a/timeline"])
def test_window_that_begins_before_the_data_says_so(client: TestClient, url: str):
    # They begin on 2026-03-05 at 17:00, a week before the first poll.
    for begin, is_cut in (("2026-03-05T17:00:00Z", False), ("2026-03-05T16:59:59.999999Z", True)):
        assert ask(client, url, **{"from": begin})["is_start_cut"] == is_cut


def test_group_by_names_what_it_takes(client: TestClient):
    assert refused(client, "/uptime", group_by='x" from stores; --') == (
        422,
        "query.group_by: 'x\" from stores; --' is none of 'none', 'store', 'timezone', "
        "'last_status', 'the \"brand\" of it', 'named_by'.",
    )


def encoded(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "ä",
        "====",
        encoded("{"),
        encoded("[" * 100_00),
        encoded({}),
        encoded([]),
        encoded(["stores by downtime_last_week asc"]),
        encoded(["stores by downtime_last_week asc", 1.0, None, 1]),
        encoded(["stores by downtime_last_week asc", "1", "a"]),
        encoded(["stores by downtime_last_week asc", True, "a"]),
        encoded('["stores by downtime_last_week asc", 1e999, "a"]'),
        encoded('["stores by downtime_last_week asc", NaN, "a"]'),
        encoded('["stores by downtime_last_week asc", 1.0, "\\ud800"]'),
        encoded(["stores by store_id asc", "a", "a"]),
        write_cursor("timeline", "a"),
    ],
)
def test_cursor_of_someone_else_is_refused(client: TestClient, cursor: str):
    status, detail = refused(client, "/stores", sort="downtime_last_week", cursor=cursor)
    assert (status, detail[:13]) == (422, "query.cursor:")


@pytest.mark.parametrize("at", ["x", "2026-03-10", "2026-03-10T00:00:00+01:00", 1])
def test_cursor_with_a_wrong_instant_is_refused(client: TestClient, at: object):
    cursor = encoded(["timeline", at])
    assert refused(client, "/stores/a/timeline", cursor=cursor)[0] == 422


@pytest.mark.parametrize("url", ["/stores", "/stores/a/timeline", "/uptime"])
@pytest.mark.parametrize("limit", [0, 1001, "x"])
def test_page_has_a_length_within_limits(client: TestClient, url: str, limit: object):
    assert refused(client, url, limit=limit)[0] == 422


@pytest.mark.parametrize(
    "url", ["/stores?limit=3", "/stores/a", "/stores/a/timeline", "/uptime?group_by=store"]
)
def test_answer_is_not_sent_again_until_there_is_a_new_release(
    client: TestClient, settings: Settings, written: Path, url: str
):
    first = client.get(url)
    known = {"If-None-Match": first.headers["etag"]}
    again = client.get(url, headers=known)
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    publish_copy(settings, written, "another")
    anew = client.get(url, headers=known)
    assert (anew.status_code, anew.content) == (200, first.content)


def test_another_question_has_another_etag(client: TestClient):
    urls = ["/stores", "/stores?limit=3", "/stores?limit=4", "/stores/a", "/stores/b", "/uptime"]
    assert len({client.get(url).headers["etag"] for url in urls}) == len(urls)


@pytest.mark.parametrize("url", ["/stores", "/stores/a", "/stores/a/timeline", "/uptime"])
def test_parameter_that_there_is_not_is_refused(client: TestClient, url: str):
    status, detail = refused(client, url, store="a")
    assert (status, detail[:40]) == (422, "query: there is no parameter 'store'; th")


@pytest.mark.parametrize("url", ["/stores", "/stores/a", "/stores/a/timeline", "/uptime"])
def test_without_a_release_the_service_says_what_to_do(
    client: TestClient, settings: Settings, url: str
):
    (settings.db.parent / "current.json").unlink()
    assert refused(client, url) == (
        503,
        "There is no release yet: no build has succeeded so far. POST /trigger_report starts one.",
    )


@pytest.mark.parametrize("url", ["/stores", "/uptime", "/outages", "/ready"])
def test_with_a_damaged_release_the_service_says_what_to_do(
    client: TestClient, settings: Settings, url: str
):
    (settings.db.parent / "releases" / "readable.duckdb").write_bytes(b"")
    status, detail = refused(client, url)
    assert (status, detail[:36]) == (503, "The newest release cannot be opened.")


def test_query_that_takes_too_long_is_ended(settings: Settings):
    shared = SharedReleases(settings.db)
    with (
        shared.open_newest() as (_, connection),
        pytest.raises(TooSlowError, match=r"after 0.05 seconds"),
        limited(connection, 0.05),
    ):
        connection.execute("select count(*) from range(1_000_000) a, range(1_000_000) b").fetchall()
    shared.close()


def test_busy_service_says_when_to_come_again(client: TestClient, monkeypatch: pytest.MonkeyPatch):
    def busy(*_: object) -> None:
        raise BusyError("Too many wait.")

    known = {"If-None-Match": client.get("/stores").headers["etag"]}
    monkeypatch.setattr(Places, "take", busy)
    response = client.get("/stores")
    assert (response.status_code, response.headers["retry-after"]) == (503, "1")
    assert response.json()["detail"] == "Too many wait. Try again in a second."
    assert client.get("/stores", headers=known).status_code == 304


def test_readers_of_an_open_release_keep_it_when_the_next_one_comes(
    settings: Settings, written: Path
):
    shared = SharedReleases(settings.db)
    with shared.open_newest() as (first, reader):
        publish_copy(settings, written, "another")
        with shared.open_newest() as (second, _):
            assert (first.release_id, second.release_id) == ("readable", "another")
        first.path.unlink()
        shared.close()
        assert reader.execute("select count(*) from stores").fetchone() == (len(STORES),)
