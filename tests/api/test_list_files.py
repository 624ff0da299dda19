"""The file beside a list has the rows of the list, all its parts, in its order."""

import csv
import html as text_of_html
import re
from pathlib import Path
from urllib.parse import unquote_plus

import pytest
from fastapi.testclient import TestClient

from api.access import Access
from api.settings import Settings
from tests.api.conftest import A, B
from tests.api.fakes import AS_OF
from tests.api.page_text import links_of, page, rows_of
from tests.api.readable import publish_copy

LISTS_OF_STORES = (
    "",
    "?status=up&status=closed&sort=week",
    "?sort=newest&polls=2",
    "?group=brand:red&status=up&status=not heard from&status=closed",
    "?group=timezone:America/Chicago&group=brand:red&status=up&status=down&sort=store",
    "?group=timezone:America/New_York&polls=2&status=down",
    "outages?group=brand:red",
    "outages?group=timezone:America/Chicago&group=brand:red&period=all",
    f"outages?store={A}",
    "outages?least=60",
    "outages?period=day",
    "outages?period=all",
    "outages?from=2026-03-10",
    "outages?to=2026-03-03",
    "outages?from=2026-03-03&to=2026-03-04",
    "outages?lasting=true",
    "outages?lasting=false&least=120&period=month",
    "outages?sort=newest",
    "data?list=zone",
    "data?list=hours",
    "data?list=never",
    "data?list=alone",
    "search?q=chicago",
)
# With the column of the file whose values are in that cell of each row.
OTHER_LISTS = {
    "?by=brand": ("stores", 2),
    "targets": ("calendar_period", 1),
    "targets?when=over": ("calendar_period", 1),
    "targets?when=all&sort=newest": ("calendar_period", 1),
    "targets?when=all&target=all": ("calendar_period", 1),
    "targets?when=all&state=few": ("calendar_period", 1),
    "targets?when=all&state=kept&state=missed": ("calendar_period", 1),
    "targets?target=brand:red": ("value", 1),
    "targets?each=day": ("value", 1),
    "data?list=files": ("file", 1),
    "data?list=notes": ("note", 1),
    "data?list=silences": ("stores_expected", 4),
    "data?list=rows": ("reason", 0),
    "data?list=rows&input=store_status": ("reason", 0),
    "data?list=rows&reason=bad_time": ("file", 3),
}


@pytest.fixture(autouse=True)
def release(settings: Settings, sample: Path) -> None:
    publish_copy(settings, sample, "sample", as_of=AS_OF)


def parts_of(client: TestClient, path: str) -> list[str]:
    """Return all parts of a list."""
    parts = [page(client, path)]
    while "Next" in links_of(parts[-1]):
        parts.append(page(client, links_of(parts[-1])["Next"]))
    return parts


def file_of(client: TestClient, html: str) -> list[dict[str, str]]:
    links = links_of(html)
    response = client.get(f"/ui/{links.get('All of them as CSV') or links['All of these as CSV']}")
    assert response.status_code == 200, response.text
    assert response.headers["content-type"].startswith("text/csv")
    return list(csv.DictReader(response.text.splitlines()))


@pytest.mark.parametrize("path", LISTS_OF_STORES)
def test_the_file_has_the_stores_of_the_list(client: TestClient, path: str):
    parts = parts_of(client, path)
    told = [
        unquote_plus(text_of_html.unescape(each)).replace("'", "")
        for html in parts
        for each in re.findall(r'class="row" href="store\?id=([^"]*)"', html)
    ]
    # What a spreadsheet would run has an apostrophe in front.
    assert [row["store_id"].replace("'", "") for row in file_of(client, parts[0])] == told
    assert told


@pytest.mark.parametrize("path", OTHER_LISTS)
def test_the_file_has_the_rows_of_the_list(client: TestClient, path: str):
    column, cell = OTHER_LISTS[path]
    parts = parts_of(client, path)
    told = [row[cell] for html in parts for row in rows_of(html)]
    rows = file_of(client, parts[0])
    assert len(rows) == len(told) > 0
    for row, said in zip(rows, told, strict=True):
        assert " ".join(row[column].split()) in said


def test_the_file_has_only_stores_that_the_token_is_for(client: TestClient, settings: Settings):
    access = Access(settings.output)
    token = access.create("some", ["read"], stores=[A, B])
    access.close()
    asked = {"headers": {"Authorization": f"Bearer {token}"}}
    everything = "status=up&status=down&status=closed&status=unknown&status=not+heard+from"
    answer = client.get(f"/ui/?{everything}&format=csv", **asked)
    rows = csv.DictReader(answer.text.splitlines())
    assert {row["store_id"] for row in rows} == {A, B}
    for path in ("targets?format=csv", "data?list=files&format=csv", "?by=brand&format=csv"):
        assert client.get(f"/ui/{path}", **asked).status_code == 403, path
    assert (
        client.get("/ui/outages?store=1000000000000000003&format=csv", **asked).status_code == 403
    )
