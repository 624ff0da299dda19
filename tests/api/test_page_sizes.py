"""Pages stay small however many stores there are."""

import gzip
import shutil
from pathlib import Path

import duckdb
import pytest

from api.main import create_app
from api.settings import Settings
from tests.api.fakes import AS_OF, FakeBuilder, local_client
from tests.api.readable import publish_copy

COPIES = 100
BYTES_MAX = 100_000
A = "1000000000000000001"


@pytest.fixture(scope="module")
def many(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Offer the release of the sample with each store a hundred times more."""
    path = Path(shutil.copy(sample, tmp_path_factory.mktemp("many") / "many.duckdb"))
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            f"""
            create temp table copies as select unnest(range(1, {COPIES + 1})) as copy;
            insert into store_board
            select store_board.* replace (store_id || '-' || copy as store_id)
            from store_board, copies;
            insert into stores
            select stores.* replace (store_id || '-' || copy as store_id) from stores, copies;
            insert into intermediate.int_store_keys
            select int_store_keys.* replace (
                store_id || '-' || copy as store_id, store_key + 1000 * copy as store_key
            )
            from intermediate.int_store_keys, copies;
            insert into intermediate.int_store_offsets
            select int_store_offsets.* replace (store_key + 1000 * copy as store_key)
            from intermediate.int_store_offsets, copies;
            insert into intermediate.int_store_timeline
            select int_store_timeline.* replace (store_key + 1000 * copy as store_key)
            from intermediate.int_store_timeline, copies;
            insert into intermediate.int_outages
            select int_outages.* replace (store_key + 1000 * copy as store_key)
            from intermediate.int_outages, copies
            """
        )
    return path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "?status=up&page=40",
        "?view=wall",
        "?by=timezone",
        "fleet",
        f"store?id={A}&explain=last_week",
        "search?q=1",
        "outages?period=all",
        "targets?when=all",
        "data",
        "data?list=zone&page=5",
    ],
)
def test_pages_stay_small(many: Path, settings: Settings, builder: FakeBuilder, path: str) -> None:
    publish_copy(settings, many, "many", AS_OF)
    with local_client(create_app(settings, builder)) as client:
        response = client.get(f"/ui/{path}", headers={"Accept-Encoding": "gzip"})
    assert (response.status_code, response.headers["content-encoding"]) == (200, "gzip")
    assert len(gzip.compress(response.content, 5)) < BYTES_MAX


def test_the_parts_of_a_long_list_have_all_stores_once(
    many: Path, settings: Settings, builder: FakeBuilder
) -> None:
    publish_copy(settings, many, "many", AS_OF)
    seen: list[str] = []
    with local_client(create_app(settings, builder)) as client:
        page, has_more = 1, True
        while has_more:
            text = client.get(f"/ui/?status=down&page={page}").text
            seen += [
                part.partition('"')[0] for part in text.split('class="row" href="store?id=')[1:]
            ]
            page, has_more = page + 1, 'rel="next"' in text
    with duckdb.connect(str(many), read_only=True) as connection:
        [(stores,)] = connection.execute(
            "select count(*) from store_board where current_status = 'down'"
        ).fetchall()
    assert len(seen) == len(set(seen)) == stores > 300
