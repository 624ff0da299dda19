"""Whole tables as files: what the lists have, once per release and question."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from fastapi.testclient import TestClient

from api.access import Access
from api.main import create_app
from api.releases import attach
from api.routers import tables as routes
from api.rows import guarded, literal
from api.settings import Settings
from api.tables import FURTHER_TABLES, TABLES, Table
from tests.api.conftest import ODD, A, B
from tests.api.fakes import AS_OF, FakeBuilder, local_client
from tests.api.readable import publish_copy
from tests.api.test_tables import all_of, refused, rows_of

ALL = {table.path: table for table in (*TABLES, *FURTHER_TABLES)}


@pytest.fixture(autouse=True)
def release(settings: Settings, sample: Path) -> None:
    publish_copy(settings, sample, "sample", as_of=AS_OF)


def fetch(client: TestClient, url: str, **params: Any) -> bytes:
    response = client.get(f"/tables/{url}", params=params)
    assert response.status_code == 200, response.text
    return response.content


def comparable(value: object) -> str:
    return str(float(value) if isinstance(value, Decimal) else value)


def files(settings: Settings) -> list[Path]:
    return sorted((settings.db.parent / "tables").iterdir())


@pytest.mark.parametrize("table", ALL.values(), ids=ALL)
def test_file_has_all_rows(client: TestClient, sample: Path, tmp_path: Path, table: Table):
    content = fetch(client, f"{table.path}.parquet")
    path = tmp_path / "table.parquet"
    path.write_bytes(content)
    with attach(sample) as connection:
        found, expected = (
            connection.execute(f"from {source} order by all").fetchall()
            for source in (literal(path), table.name)
        )
    folder = f"{sample.parent.parent.parent}/data/"
    assert [list(map(comparable, row)) for row in found] == [
        # No client learns of it.
        [comparable(value).replace(folder, "") for value in row]
        for row in expected
    ]
    assert json.loads(fetch(client, f"{table.path}.json")) or not expected


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.path)
def test_json_has_the_rows_of_the_list_in_its_first_order(client: TestClient, table: Table):
    asked = {"stores": [A, B]} if table.is_by_store else {}
    listed = rows_of(client, table.path, limit=1000, **all_of(table) | asked)
    assert json.loads(fetch(client, f"{table.path}.json", **asked)) == listed


def test_csv_is_what_pandas_and_spreadsheets_take(client: TestClient):
    header, *lines = fetch(client, "exclusions.csv", stores=A).decode().splitlines()
    assert header.startswith("store_id,started_at,ended_at,")
    assert lines[-1].startswith(f"{A},2026-03-10T20:00:00.000000Z,2026-03-10T21:00:00.000000Z,")


def test_filters_are_those_of_the_list(client: TestClient):
    rows = json.loads(fetch(client, "period_uptime.json", period="last_day", stores=[A, B]))
    assert [(row["store_id"], row["period"]) for row in rows] == [(A, "last_day"), (B, "last_day")]
    window = {"from": "2026-03-10T17:00:00Z", "to": "2026-03-10T17:01:00Z"}
    assert json.loads(fetch(client, "timeline.json", **window)) == rows_of(
        client, "timeline", limit=1000, **window
    )
    days = {"from": "2026-03-10", "to": "2026-03-11"}
    rows = json.loads(fetch(client, "daily_uptime.json", **days))
    assert {row["local_date"] for row in rows} == {"2026-03-10"}


@pytest.mark.parametrize(
    ("url", "status", "said"),
    [
        ("/tables/nothing.csv", 404, "There is no table 'nothing'; there are current_status, "),
        ("/tables/outages.xlsx", 404, "There is no 'xlsx'; there are csv, parquet, json."),
        ("/tables/../settings.csv", 404, ""),
        ("/tables/outages.csv?store=x", 422, "query: there is no parameter 'store'; there are "),
        ("/tables/outages.csv?limit=1", 422, "query: there is no parameter 'limit'; there are "),
        ("/tables/outages.csv?from=x", 422, "query.from: an instant with dashes is expected"),
        ("/tables/outages.csv?from=2026-03-10&to=2026-03-10", 422, "query.from: 2026-03-10T00:00"),
        ("/tables/outages.csv?stores=x", 404, "There is no store 'x'"),
        ("/tables/outages.csv?lasting=1&lasting=0", 422, "query.lasting: it comes 2 times"),
        ("/tables/period_uptime.csv?period=x", 422, "query.period: Input should be 'last_hour'"),
        ("/tables/groups.csv?attribute=x", 422, "query.attribute: 'x' is none of"),
    ],
)
def test_refused(client: TestClient, url: str, status: int, said: str):
    found, detail = refused(client, url)
    assert (found, detail[: len(said)]) == (status, said)


def test_file_is_written_once_per_release_and_question(
    client: TestClient, settings: Settings, sample: Path
):
    first = fetch(client, "outages.csv")
    [written] = files(settings)
    stamp = written.stat().st_mtime_ns
    assert fetch(client, "outages.csv") == first
    assert [path.stat().st_mtime_ns for path in files(settings)] == [stamp]
    fetch(client, "outages.csv", lasting=True)
    assert len(files(settings)) == 2
    publish_copy(settings, sample, "another", as_of=AS_OF)
    assert fetch(client, "outages.csv") == first
    assert len(files(settings)) == 3


def test_etag_and_ranges(client: TestClient, settings: Settings, sample: Path):
    whole = client.get("/tables/outages.csv")
    etag = whole.headers["etag"]
    known = client.get("/tables/outages.csv", headers={"If-None-Match": etag})
    assert (known.status_code, known.content) == (304, b"")
    part = client.get("/tables/outages.csv", headers={"Range": "bytes=3-9", "If-Range": etag})
    assert (part.status_code, part.content) == (206, whole.content[3:10])
    head = client.head("/tables/outages.csv")
    assert (head.headers["content-length"], head.content) == (str(len(whole.content)), b"")
    publish_copy(settings, sample, "another", as_of=AS_OF)
    changed = client.get("/tables/outages.csv", headers={"If-None-Match": etag})
    assert (changed.status_code, changed.content) == (200, whole.content)


@pytest.mark.parametrize("asked", ["bytes=99999999-", "bytes=5-2", "lines=1", "x"])
def test_no_part_of_a_file(client: TestClient, asked: str):
    size = len(client.get("/tables/outages.csv").content)
    response = client.get("/tables/outages.csv", headers={"Range": asked})
    assert (response.status_code, response.headers["content-range"]) == (416, f"bytes */{size}")
    assert response.headers["content-type"] == "application/problem+json"
    detail = f"header.range: {asked!r} is no part of {size} bytes; bytes=0-99 is one."
    assert response.json()["detail"] == detail


def test_token_for_some_stores_gets_those_alone(settings: Settings, builder: FakeBuilder):
    access = Access(settings.output)
    some, every = access.create("some", ["read"], stores=[A]), access.create("every", ["read"])
    other = access.create("other", ["run"])
    with local_client(create_app(settings, builder)) as client:

        def get(url: str, token: str) -> Any:
            return client.get(f"/tables/{url}", headers={"Authorization": f"Bearer {token}"})

        assert {row["store_id"] for row in get("timeline.json", every).json()} > {A, B}
        assert {row["store_id"] for row in get("timeline.json", some).json()} == {A}
        assert {row["store_id"] for row in get("stores.json", some).json()} == {A}
        assert get(f"timeline.json?stores={B}", some).status_code == 403
        assert get("groups.json", some).status_code == 403
        assert get("input_files.csv", some).status_code == 403
        assert get("groups.json", other).status_code == 403


def test_files_that_were_used_longest_ago_make_room(
    settings: Settings, builder: FakeBuilder, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("api.answers._KEPT_SECONDS", 0)
    small = settings.model_copy(update={"table_bytes_max": 0})
    with local_client(create_app(small, builder)) as client:
        fetch(client, "weekly_hours.csv", stores=A)
        fetch(client, "weekly_hours.csv", stores=B)
        assert len(files(settings)) == 1


def test_nothing_is_left_of_a_file_that_failed(
    client: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(routes, "literal", lambda path: "'/nowhere/else'")
    assert client.get("/tables/outages.csv").status_code == 500
    assert not files(settings)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=a", "'=a"),
        ("'=a", "''=a"),
        ("-12.5", "-12.5"),
        ("a;=b", "a;'=b"),
        ("a;b", "a;b"),
        ("\uff1da", "'\uff1da"),
        ("\uff20a", "'\uff20a"),
        ("a=b", "a=b"),
        (None, None),
    ],
)
def test_formula_gets_an_apostrophe(text: str | None, written: str | None):
    assert duckdb.execute(f"select {guarded('$1')}", [text]).fetchall() == [(written,)]


def test_odd_ids_are_whole_in_every_format(client: TestClient, tmp_path: Path):
    for ending in ("csv", "parquet", "json"):
        path = tmp_path / f"stores.{ending}"
        path.write_bytes(fetch(client, f"stores.{ending}"))
        read = "all_varchar = true" if ending == "csv" else ""
        source = f"read_{ending}({literal(path)}{', ' + read if read else ''})"
        found = {row[0] for row in duckdb.execute(f"select store_id from {source}").fetchall()}
        assert {
            odd.replace("=cmd()", "'=cmd()") if ending == "csv" else odd for odd in ODD
        } <= found
