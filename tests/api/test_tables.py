"""Each mart can be read over HTTP as it is in the release, whole or page by page."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import duckdb
import pytest
from fastapi.testclient import TestClient

from api import answers
from api.access import Access
from api.answers import TooSlowError
from api.main import create_app
from api.pages import write_cursor
from api.releases import attach
from api.routers.tables import _page_type
from api.settings import PROJECT, Settings
from api.tables import TABLES, Table
from tests.api.conftest import ODD, A, B, settings_in
from tests.api.fakes import AS_OF, FakeBuilder, local_client
from tests.api.readable import publish_copy

BY_PATH = {table.path: table for table in TABLES}
# What else gives a mart out: /stores, and the files of reports.
ELSEWHERE = {"stores", "input_files", "input_notes"}


@pytest.fixture
def release(settings: Settings, sample: Path) -> None:
    publish_copy(settings, sample, "sample", as_of=AS_OF)


@pytest.fixture(scope="module")
def client(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Offer a service that is asked only."""
    settings = settings_in(tmp_path_factory.mktemp("tables"))
    publish_copy(settings, sample, "sample", as_of=AS_OF)
    with local_client(create_app(settings, FakeBuilder(settings))) as client:
        yield client


@pytest.fixture
def connection(sample: Path) -> duckdb.DuckDBPyConnection:
    return attach(sample)


def ask(client: TestClient, path: str, **params: Any) -> dict[str, Any]:
    response = client.get(f"/{path}", params=params)
    assert response.status_code == 200, response.text
    return response.json()


def refused(client: TestClient, url: str) -> tuple[int, str]:
    response = client.get(url)
    assert response.headers["content-type"] == "application/problem+json"
    return response.status_code, response.json()["detail"]


def all_of(table: Table) -> dict[str, Any]:
    """Return the parameters with which nothing is left out."""
    asked: dict[str, Any] = {"from": "2026-01-01"} if table.window else {}
    return asked | ({"stores": [A, B]} if table.needs_stores else {})


def rows_of(client: TestClient, path: str, **params: Any) -> list[dict[str, Any]]:
    """Return the rows of all pages."""
    rows: list[dict[str, Any]] = []
    cursor: dict[str, str] = {}
    while True:
        page = ask(client, path, **params, **cursor)
        assert len(page[path]) <= params["limit"]
        rows += page[path]
        if page["next_cursor"] is None:
            return rows
        assert page[path] and cursor.get("cursor") != page["next_cursor"]
        cursor = {"cursor": page["next_cursor"]}


def test_every_mart_can_be_read():
    marts = {path.stem for path in (PROJECT / "models" / "marts").rglob("*.sql")}
    reports = {name for name in marts if name.startswith("store_report")}
    assert {table.name for table in TABLES} == marts - reports - ELSEWHERE


@pytest.mark.parametrize("path", BY_PATH)
def test_rows_are_those_of_the_table(
    client: TestClient, connection: duckdb.DuckDBPyConnection, path: str
):
    table = BY_PATH[path]
    rows = rows_of(client, path, limit=1000, **all_of(table))
    said = connection.execute(f"describe {table.name}").fetchall()
    assert [(name, kind.lower()) for name, kind, *_ in said] == [
        (name, column.kind) for name, column in table.columns.items()
    ]
    condition = f"where store_id in ('{A}', '{B}')" if table.needs_stores else ""
    counted = connection.execute(f"select count(*) from {table.name} {condition}").fetchone()
    assert (len(rows),) == counted
    assert rows
    _page_type(table).model_validate({**ask(client, path, **all_of(table)), path: rows})


@pytest.mark.parametrize(
    ("path", "sort"), [(table.path, sort) for table in TABLES for sort in table.orders]
)
def test_pages_hold_every_row_once_in_order(client: TestClient, path: str, sort: str):
    asked = all_of(BY_PATH[path]) | {"sort": sort}
    whole = rows_of(client, path, limit=1000, **asked)
    assert rows_of(client, path, limit=min(1000, 1 + len(whole) // 7), **asked) == whole


@pytest.mark.parametrize("store_id", ODD)
def test_any_id_is_data(client: TestClient, store_id: str):
    encoded = quote(store_id, safe="")
    for path in (f"stores/{encoded}", f"stores/{encoded}/timeline", f"stores/{encoded}/explain"):
        said = ask(client, path)
        assert said.get("store", said)["store_id"] == store_id
    for table in TABLES:
        if table.is_by_store and not table.has_rows_of_all:
            rows = ask(client, table.path, **all_of(table) | {"stores": store_id})[table.path]
            assert {row["store_id"] for row in rows} <= {store_id}
    # Cursors hold it, too.
    assert len(rows_of(client, "recent_polls", stores=store_id, limit=1)) == 3


def test_equal_rows_are_given_out_as_often_as_they_are_there(client: TestClient):
    rows = rows_of(client, "exclusions", limit=1)
    assert [row["store_id"] for row in rows] == ["*", A, B, B, B]
    assert rows[2] == rows[3] == rows[4]


@pytest.mark.parametrize(
    ("path", "params", "column", "values"),
    [
        ("current_status", {"status": "down"}, "current_status", {"down"}),
        ("current_status", {"status": ["up", "closed"]}, "current_status", {"up", "closed"}),
        ("current_status", {"stores": B}, "store_id", {B}),
        ("outages", {"lasting": True}, "ended_at", {None}),
        ("outages", {"lasting": False}, "is_end_cut", {False}),
        ("outages", {"stores": A}, "store_id", {A}),
        ("outages", {"from": "2026-03-10T17:00Z", "to": "2026-03-10T17:01Z"}, "store_id", None),
        ("daily_uptime", {"from": "2026-03-10", "to": "2026-03-11"}, "local_date", {"2026-03-10"}),
        ("hour_of_week", {"stores": B}, "store_id", {B}),
        ("hours_against_behaviour", {"suspicious": True}, "is_active_when_closed", {True}),
        ("targets", {"attribute": "brand", "value": "red"}, "value", {"red"}),
        ("targets", {"attribute": "store", "value": A}, "value", {A}),
        ("targets", {"attribute": " Brand"}, "attribute", {"brand"}),
        ("targets", {"attribute": "*"}, "attribute", {"all"}),
        ("store_groups", {"attribute": "store"}, "attribute", {"store_id"}),
        ("targets", {"calendar_period": "day"}, "calendar_period", {"day"}),
        ("targets", {"met": True}, "is_met", {True}),
        ("targets", {"running": True}, "is_running", {True}),
        ("common_causes", {"attribute": "all"}, "value", {None}),
        ("policy_comparison", {"policy": "first_known"}, "max_poll_gap_hours", {None}),
        ("groups", {"attribute": "brand"}, "value", {None, "blue", "red"}),
        ("groups", {"period": "last_day"}, "period", {"last_day"}),
        ("rejected_rows", {"input": "timezones"}, "input", {"timezones"}),
        ("rejected_rows", {"reason": "bad_day"}, "reason", {"bad_day"}),
        ("special_hours", {"stores": B}, "store_id", {"*"}),
        ("exclusions", {"stores": B}, "store_id", {B, "*"}),
        ("store_groups", {"attribute": "brand", "value": "red"}, "value", {"red"}),
        ("recent_polls", {"status": "inactive"}, "status", {"inactive"}),
    ],
)
def test_filters(
    client: TestClient, path: str, params: dict[str, Any], column: str, values: set[object] | None
):
    some = rows_of(client, path, limit=1000, **params)
    whole = rows_of(client, path, limit=1000, **all_of(BY_PATH[path]))
    assert len(some) < len(whole)
    assert values is None or {row[column] for row in some} == values


@pytest.mark.parametrize("path", [table.path for table in TABLES if table.window])
def test_end_in_the_future_means_up_to_as_of(client: TestClient, path: str):
    whole = ask(client, path, **all_of(BY_PATH[path]))
    for to in ("now", "9998-01-01"):
        if not (BY_PATH[path].is_planned and to != "now"):
            found = ask(client, path, **all_of(BY_PATH[path]), to=to)
            assert found[path] or BY_PATH[path].is_planned
            assert found.get("ended_at", AS_OF) == AS_OF
            assert found.get("ended_on", "2026-03-14") == "2026-03-14"
            assert found[path] == whole[path] or BY_PATH[path].is_planned
    assert whole.get("is_start_cut", True)


def test_outages_of_a_window_overlap_with_it(client: TestClient):
    window = {"from": "2026-03-10T17:00:00Z", "to": "2026-03-10T17:01:00Z"}
    page = ask(client, "outages", **window)
    assert (page["started_at"], page["ended_at"]) == (
        "2026-03-10T17:00:00.000000Z",
        "2026-03-10T17:01:00.000000Z",
    )
    whole = rows_of(client, "outages", limit=1000, **{"from": "2026-01-01"})
    assert page["outages"] == [
        row
        for row in whole
        if row["started_at"] < page["ended_at"]
        and (row["ended_at"] is None or row["ended_at"] > page["started_at"])
    ]


def test_who_needs_a_call_comes_first(client: TestClient):
    rows = ask(client, "current_status", limit=1000)["current_status"]
    order = ["down", "not heard from", "unknown", "up", "closed"]
    found = [row["current_status"] for row in rows]
    assert found == sorted(found, key=order.index)
    down = [row["since_at"] for row in rows if row["current_status"] == "down"]
    assert len(down) > 1 and down == sorted(down, reverse=True)


@pytest.mark.parametrize(
    ("url", "status", "said"),
    [
        ("/outages?store=x", 422, "query: there is no parameter 'store'; there are "),
        ("/outages?sort=speed", 422, "query.sort:"),
        ("/outages?limit=1001", 422, "query.limit:"),
        ("/outages?from=2020-01-01", 422, "query.from: 2020-01-01T00:00:00.000000Z to"),
        ("/daily_uptime?from=2020-01-01", 422, "query.from: 2020-01-01 to 2026-03-14 is longer"),
        ("/daily_uptime?from=2026-03-02&to=2026-03-02", 422, "query.from: 2026-03-02 is not"),
        ("/outages?stores=x", 404, "There is no store 'x'"),
        ("/hour_of_week", 422, "query.stores:"),
        ("/current_status?status=broken", 422, "query.status"),
        ("/period_uptime?period=last_weeek", 422, "query.period: Input should be 'last_hour', 'l"),
        ("/groups?period=week", 422, "query.period: Input should be 'last_hour', 'last_day' or 'l"),
        ("/targets?calendar_period=weeks", 422, "query.calendar_period: Input should be 'day', 'w"),
        ("/policy_comparison?policy=known", 422, "query.policy: 'known' is none of 'active', 'act"),
        ("/rejected_rows?reason=bad", 422, "query.reason: Input should be 'missing_store_id', 'un"),
        ("/rejected_rows?input=polls", 422, "query.input: Input should be 'store_status', 'busine"),
        ("/recent_polls?status=up", 422, "query.status: Input should be 'active' or 'inactive', n"),
        ("/current_status?cursor=x", 422, "query.cursor: 'x' is not"),
    ],
)
def test_refused(client: TestClient, url: str, status: int, said: str):
    found, detail = refused(client, url)
    assert (found, detail[: len(said)]) == (status, said)


@pytest.mark.parametrize("path", ["common_causes", "groups", "store_groups", "targets"])
@pytest.mark.parametrize("attribute", ["brnad", "", "last_status", "x" * 5000])
def test_attribute_that_no_store_has_is_refused(client: TestClient, path: str, attribute: str):
    status, detail = refused(client, f"/{path}?attribute={attribute}")
    shown = f"'{attribute}'" if len(attribute) < 100 else f"'{'x' * 99}…"
    own = ["store_id"] if path in ("store_groups", "targets") else []
    accepted = ", ".join(map(repr, sorted(["all", "brand", "timezone", *own])))
    assert (status, detail) == (422, f"query.attribute: {shown} is none of {accepted}.")


BY_ATTRIBUTE = [table for table in TABLES if table.is_by_attribute]


@pytest.mark.parametrize("table", BY_ATTRIBUTE, ids=lambda table: table.path)
def test_attribute_keeps_the_stores_that_have_it(client: TestClient, table: Table):
    asked = all_of(table) | {"limit": 1000}
    of_everyone = {"*"} if table.has_rows_of_all else set()
    for value, store_id in (("blue", B), ("red", A)):
        rows = rows_of(client, table.path, **asked, attribute="Brand", value=value)
        others = {"1000000000000000003"} if value == "red" else set()
        found = {row["store_id"] for row in rows}
        assert found <= {store_id} | others | of_everyone
        expected = rows_of(client, table.path, **asked)
        assert rows == [row for row in expected if row["store_id"] in found | of_everyone]
    # As a file, too.
    file = client.get(f"/tables/{table.path}.json", params={"attribute": "brand", "value": "blue"})
    assert {row["store_id"] for row in file.json()} <= {B} | of_everyone


def test_attribute_keeps_stores_and_sums_of_them(client: TestClient):
    red = {"attribute": "brand", "value": "red"}
    stores = [row["store_id"] for row in ask(client, "stores", **red)["stores"]]
    assert stores == [A, "1000000000000000003"]
    assert ask(client, "uptime", **red)["groups"] == ask(client, "uptime", stores=stores)["groups"]
    [whole] = ask(client, "uptime", attribute="brand")["groups"]
    assert whole["stores"] == 3


@pytest.mark.parametrize(
    "path", ["stores", "uptime", "tables/stores.csv", *(table.path for table in TABLES)]
)
def test_value_that_no_store_has_is_refused(client: TestClient, path: str):
    table = BY_PATH.get(path)
    if table and "attribute" not in table.columns and not table.is_by_store:
        return
    named = {"stores": [A]} if table and table.needs_stores else {}
    asked = urlencode(named | {"attribute": "brand", "value": "pink"}, doseq=True)
    status, detail = refused(client, f"/{path}?{asked}")
    assert (status, detail) == (422, "query.value: 'pink' is none of 'blue', 'red'.")


def test_value_without_its_attribute_is_refused(client: TestClient):
    assert refused(client, "/outages?value=red") == (
        422,
        "query.value: its attribute is expected, too.",
    )


@pytest.mark.usefixtures("release")
def test_token_for_some_stores_hears_of_no_other_value(settings: Settings, builder: FakeBuilder):
    token = Access(settings.output).create("some", ["read"], stores=[A])
    with local_client(create_app(settings, builder)) as client:
        client.headers["Authorization"] = f"Bearer {token}"
        said = refused(client, "/outages?attribute=brand&value=blue")
        assert said == (422, "query.value: 'blue' is none of 'red'.")


def test_outages_of_a_least_length(client: TestClient):
    rows = rows_of(client, "outages", limit=1000)
    lengths = sorted(row["wall_seconds"] for row in rows)
    least = lengths[len(lengths) // 2]
    kept = rows_of(client, "outages", limit=1000, least_seconds=least)
    assert kept == [row for row in rows if row["wall_seconds"] >= least]
    assert 0 < len(kept) < len(rows)


def test_what_has_been_so_for_longest_comes_first(client: TestClient):
    since = [row["since_at"] for row in rows_of(client, "current_status", limit=7, sort="length")]
    assert since == sorted(since, key=lambda at: (at is None, at))


def test_attribute_without_rows_is_an_empty_list(client: TestClient):
    assert ask(client, "targets", attribute="timezone")["targets"] == []


def test_periods_that_a_filter_takes_are_those_that_there_are(client: TestClient):
    rows = rows_of(client, "period_uptime", limit=1000)
    assert set(values_of(client, "period_uptime", "period")) == {row["period"] for row in rows}


def test_reasons_that_a_filter_takes_are_those_of_the_models(client: TestClient):
    reasons = values_of(client, "rejected_rows", "reason")
    files = [*PROJECT.glob("models/**/*.sql"), *PROJECT.glob("macros/**/*.sql")]
    files += PROJECT.glob("loader/**/*.py")
    sql = "".join(file.read_text("utf-8") for file in files)
    assert [reason for reason in reasons if not re.search(f"['\"]{reason}['\"]", sql)] == []
    rejected = rows_of(client, "rejected_rows", limit=1000)
    assert {row["reason"] for row in rejected} < set(reasons)


def values_of(client: TestClient, path: str, name: str) -> list[str]:
    """Return the values that the OpenAPI schema gives for a parameter."""
    said = client.get("/openapi.json").json()
    shared = said["components"]["parameters"]
    parameters = [
        shared[found["$ref"].rpartition("/")[2]] if "$ref" in found else found
        for found in said["paths"][f"/{path}"]["get"]["parameters"]
    ]
    [schema] = [found["schema"] for found in parameters if found["name"] == name]
    return schema["enum"]


@pytest.mark.parametrize(
    "keys", [["x", "a", 1], ["1", "2026-03-10", "a", -1], ["1", None, "a", None], ["1", "a", 1]]
)
def test_cursor_of_someone_else_is_refused(client: TestClient, keys: list[object]):
    url = f"/current_status?cursor={write_cursor('current_status by urgency', *keys)}"
    assert refused(client, url)[0] == 422


@pytest.mark.parametrize("path", BY_PATH)
def test_answer_is_not_sent_again(client: TestClient, path: str):
    url = f"/{path}?{urlencode(all_of(BY_PATH[path]), doseq=True)}"
    first = client.get(url)
    again = client.get(url, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize(
    "url",
    [
        "/outages?from=2026-03-09&from=2026-03-10",
        "/uptime?from=2026-03-09&from=2026-03-10",
        "/stores?limit=1&limit=2",
        "/reports?limit=1&limit=2",
    ],
)
def test_parameter_comes_once(client: TestClient, url: str):
    name = url.partition("?")[2].partition("=")[0]
    assert refused(client, url) == (422, f"query.{name}: it comes 2 times; once is expected.")


@pytest.mark.usefixtures("release")
def test_page_is_as_long_as_the_setting_allows(settings: Settings, builder: FakeBuilder):
    app = create_app(settings.model_copy(update={"page_rows_max": 5}), builder)
    with local_client(app) as client:
        for path, table in BY_PATH.items():
            url = f"/{path}?{urlencode(all_of(table), doseq=True)}&limit=6"
            assert refused(client, url) == (422, "query.limit: 6 is more than 5, the most allowed.")
        for url in ("/reports?limit=6", "/audit?limit=6", "/stores?limit=6", "/uptime?limit=6"):
            assert refused(client, url) == (422, "query.limit: 6 is more than 5, the most allowed.")


@pytest.mark.usefixtures("release")
def test_what_is_not_asked_for_fits_the_settings(settings: Settings, builder: FakeBuilder):
    tight = settings.model_copy(update={"page_rows_max": 5, "window_days_max": 1})
    with local_client(create_app(tight, builder)) as client:
        for path, table in BY_PATH.items():
            stores = {"stores": [A, B]} if table.needs_stores else {}
            assert len(ask(client, path, **stores)[path]) <= 5
        assert len(ask(client, "stores")["stores"]) == 5
        assert len(ask(client, "uptime", group_by="store")["groups"]) == 5
        assert ask(client, f"stores/{A}/timeline")["timeline"]
        assert ask(client, "reports")["reports"] == []
        assert ask(client, "audit")["entries"] == []


def test_query_that_takes_too_long_is_ended(client: TestClient, monkeypatch: pytest.MonkeyPatch):
    @contextmanager
    def limited(_: duckdb.DuckDBPyConnection, seconds: float, setting: str) -> Iterator[None]:
        assert seconds == 30
        yield
        raise TooSlowError("The query was ended.")

    monkeypatch.setattr(answers, "limited", limited)
    for path, table in BY_PATH.items():
        url = f"/{path}?{urlencode(all_of(table), doseq=True)}"
        assert refused(client, url) == (
            503,
            "The query was ended. Ask for a shorter window or fewer stores.",
        )


@pytest.mark.usefixtures("release")
def test_token_for_some_stores_sees_those_alone(settings: Settings, builder: FakeBuilder):
    token = Access(settings.output).create("of a", ["read"], [A])
    with local_client(create_app(settings, builder)) as client:
        client.headers["Authorization"] = f"Bearer {token}"
        for path, table in BY_PATH.items():
            if not table.is_by_store:
                assert refused(client, f"/{path}")[0] == 403
                continue
            asked = all_of(table) | ({"stores": A} if table.needs_stores else {})
            seen = {row["store_id"] for row in ask(client, path, **asked, limit=1000)[path]}
            assert seen <= ({A, "*"} if table.has_rows_of_all else {A}), path
            assert refused(client, f"/{path}?stores={B}")[0] == 403
        seen = ask(client, "current_status")["current_status"]
        assert [row["store_id"] for row in seen] == [A]


@pytest.mark.parametrize("group_by", ["store", "timezone", "last_status", "brand"])
def test_groups_of_a_window_add_up_to_the_whole(client: TestClient, group_by: str):
    window = {"from": "2026-03-09T01:23:45.678901Z", "to": "2026-03-11T20:00:00.000001Z"}
    [whole] = ask(client, "uptime", **window)["groups"]
    groups = ask(client, "uptime", group_by=group_by, limit=1000, **window)["groups"]
    assert len(groups) > 1
    for name in whole:
        if name == "stores" or "_seconds" in name:
            assert sum(Decimal(str(group[name])) for group in groups) == Decimal(str(whole[name]))


def test_store_has_its_hours(client: TestClient):
    store = ask(client, f"stores/{A}")["store"]
    assert [
        (hours["opens_on_day"], hours["opens_at"], hours["closes_on_day"], hours["closes_at"])
        for hours in store["hours"]
    ] == [(day, "09:00:00", day, "17:00:00") for day in range(7)]
    # What is said of the store itself holds on the 16th, what is said of all on the 17th.
    closed = {"is_closed": True, "opens_at": None, "closes_at": None}
    assert store["special_hours"] == [
        {
            "local_date": "2026-03-11",
            "is_closed": False,
            "opens_at": "10:00:00",
            "closes_at": "12:00:00",
        },
        {"local_date": "2026-03-16", **closed},
        {"local_date": "2026-03-17", **closed},
    ]


def test_columns_are_explained(client: TestClient):
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    for table in TABLES:
        title = table.name.title().replace("_", "")
        properties = schemas[f"{title}Row"]["properties"]
        assert list(properties) == list(table.columns)
        assert all(column["description"] for column in properties.values())
    assert "{{" not in json.dumps(schemas)


@pytest.mark.parametrize("name", ["input_files", "input_notes", "rejected_rows"])
def test_files_are_named_without_folders_of_the_machine(
    client: TestClient, sample: Path, name: str
):
    folder = sample.parent.parent.parent / "data"
    assert str(folder) in str(attach(sample).execute("select file from input_files").fetchall())
    for answer in (client.get(f"/tables/{name}.csv"), client.get(f"/tables/{name}.json")):
        assert answer.status_code == 200
        assert str(folder.parent) not in answer.text
    if name == "rejected_rows":
        assert str(folder.parent) not in client.get(f"/{name}").text
