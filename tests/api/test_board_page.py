"""What the board says where no store needs a call."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest
from fastapi.testclient import TestClient

from api.settings import Settings
from tests.api.page_text import page, text_of
from tests.api.readable import publish_copy


@pytest.mark.parametrize(
    ("age", "said", "is_good"),
    [
        (timedelta(), "Nobody needs a call: no store is down, silent or unknown.", True),
        (timedelta(days=2), "what is since then nobody knows.", False),
    ],
)
def test_nobody_needs_a_call_as_far_as_is_known(
    client: TestClient, settings: Settings, sample: Path, age: timedelta, said: str, is_good: bool
):
    known_until = (datetime.now(UTC) - age).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    publish_copy(settings, sample, "sample", as_of=known_until)
    release = settings.db.parent / "releases" / "sample.duckdb"
    with duckdb.connect(str(release)) as connection:
        connection.execute("delete from store_board where current_status not in ('up', 'closed')")
    html = page(client, "")
    assert said in text_of(html)
    assert ('"empty good"' in html) is is_good
