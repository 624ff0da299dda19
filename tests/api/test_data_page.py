"""The page of what the figures rest on."""

import re
from pathlib import Path

import duckdb
import pytest
from fastapi.testclient import TestClient

from api import tables
from api.access import Access
from api.releases import attach
from api.settings import Settings
from api.ui.data import REASONS, STORES
from tests.api.conftest import A
from tests.api.fakes import AS_OF
from tests.api.page_text import all_rows, links_of, page, rows_of, text_of
from tests.api.readable import publish_copy


@pytest.fixture(autouse=True)
def release(settings: Settings, sample: Path) -> Path:
    """Offer the release that the service reads, which is no other test's."""
    publish_copy(settings, sample, "sample", as_of=AS_OF)
    return settings.db.parent / "releases" / "sample.duckdb"


@pytest.fixture
def connection(sample: Path) -> duckdb.DuckDBPyConnection:
    return attach(sample)


def test_the_newest_poll_has_its_age(client: TestClient):
    said = text_of(page(client, "data"))
    assert "Newest poll" in said
    assert "days ago Thu 12 Mar 2026 18:13:22 UTC" in said


def test_rows_set_aside_are_counted_by_reason_with_one_of_them(
    client: TestClient, connection: duckdb.DuckDBPyConnection
):
    found = connection.execute("select reason, input, rows, files, sample_row from rejected_counts")
    counted = found.fetchall()
    rows = [row for row in rows_of(page(client, "data")) if row[0].split(" ")[0] in REASONS]
    assert sorted((row[0].split(" ")[0], row[1], int(row[2]), int(row[3])) for row in rows) == (
        sorted((reason, source, rows, files) for reason, source, rows, files, _ in counted)
    )
    said = " ".join(row[4] for row in rows)
    assert '{"store_id":"1000000000000000044","day":"5"' in said
    assert "seeds" not in said and "business_hours.csv, line 374" in said


def test_no_folder_of_this_machine_is_told(client: TestClient, release: Path):
    with duckdb.connect(str(release)) as connection:
        for table, column in (("rejected_counts", "sample_file"), ("input_files", "file")):
            connection.execute(f"update {table} set {column} = '/srv/secret/' || {column}")
        connection.execute("update rejected_rows set file = '/srv/secret/' || file")
    for path in ("data", "data?list=files", "data?list=rows"):
        html = page(client, path)
        assert "business_hours.csv" in html and "secret" not in html


def test_every_reason_has_words():
    assert set(tables._REASONS) == set(REASONS)


def test_a_reason_leads_to_its_rows(client: TestClient):
    address = links_of(page(client, "data"))["unknown_status"]
    html = page(client, address)
    assert {row[0] for row in rows_of(html)} == {
        "unknown_status it says neither active nor inactive"
    }
    assert {row[1] for row in rows_of(html)} == {"1000000000000000041"}


@pytest.mark.parametrize(
    ("name", "condition"),
    [
        ("zone", "not is_timezone_given"),
        ("hours", "not has_business_hours"),
        ("never", "last_polled_at is null"),
    ],
)
def test_what_is_assumed_leads_to_its_stores(
    client: TestClient, connection: duckdb.DuckDBPyConnection, name: str, condition: str
):
    found = connection.execute(f"select store_id from stores where {condition} order by store_id")
    store_ids = [store_id for (store_id,) in found.fetchall()]
    count = re.search(rf'<a href="data\?list={name}">(\d+)</a>', page(client, "data"))[1]
    assert int(count) == len(store_ids) > 0
    told = [row[0] for row in all_rows(client, f"data?list={name}")]
    assert told == [re.sub(r"\s+", " ", store_id).strip() for store_id in store_ids]


def test_stores_that_one_input_alone_knows_say_which(client: TestClient):
    rows = {row[0]: row[-1] for row in all_rows(client, "data?list=alone")}
    assert rows["1000000000000000016"] == "store_status alone"
    assert rows["1000000000000000018"] == "business_hours alone"
    assert rows["1000000000000000019"] == "timezones alone"


def test_a_silence_tells_how_long_is_usual(client: TestClient):
    rows = [row for row in all_rows(client, "data?list=silences") if row[0].startswith("Tue 3 Mar")]
    assert rows[0][:3] == ["Tue 3 Mar 01:59 UTC", "Tue 3 Mar 03:30 UTC", "1 h 31 min"]


EMPTY = {
    "files": "No file was read.",
    "notes": "Nothing is odd of the inputs as a whole.",
    "silences": "The poller was never silent for unusually long.",
    "rows": "No row is set aside: each one could be understood.",
    **{name: words for name, (_, _, words) in STORES.items()},
}


def test_nothing_has_words_of_its_own(client: TestClient, release: Path):
    with duckdb.connect(str(release)) as connection:
        for table in (
            "input_files",
            "input_notes",
            "poll_gaps",
            "rejected_rows",
            "rejected_counts",
            "stores",
        ):
            connection.execute(f"delete from {table}")
    for name, words in EMPTY.items():
        assert words in text_of(page(client, f"data?list={name}"))
    said = text_of(page(client, "data"))
    assert "No poll could be read." in said
    assert "None: each row of each file could be understood." in said
    assert len(set(EMPTY.values())) == len(EMPTY)


def test_a_reason_that_no_row_has_is_told_so(client: TestClient):
    assert "No row is set aside for that." in text_of(
        page(client, "data?list=rows&reason=bad_date")
    )


def test_past_the_end_it_leads_back(client: TestClient):
    said = text_of(page(client, "data?list=files&page=99"))
    assert "The list ends before this part. To its beginning" in said


def test_long_rows_are_cut(client: TestClient, release: Path):
    with duckdb.connect(str(release)) as connection:
        connection.execute("update rejected_counts set sample_row = repeat('x', 5000)")
    html = page(client, "data")
    assert "x" * 250 in html and "x" * 350 not in html


def test_a_token_of_some_stores_is_refused(client: TestClient, settings: Settings):
    access = Access(settings.output)
    token = access.create("some", ["read"], stores=[A])
    access.close()
    response = client.get("/ui/data", headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 403
