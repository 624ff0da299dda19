"""Asking for reports on a page: the form, what comes of it, and who may."""

import csv
import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response

from api.access import Access
from api.builds import BuildError
from api.settings import Settings
from api.snapshots import ReportOptions
from tests.api.fakes import FakeBuilder, csv_of, publish
from tests.api.page_text import links_of, rows_of, text_of

OWN = {"Sec-Fetch-Site": "same-origin"}
DEADLINE_SECONDS = 20


@pytest.fixture
def access(client: TestClient, settings: Settings) -> Iterator[Access]:
    """Offer the tokens of the running service."""
    access = Access(settings.output)
    yield access
    access.close()


def page(client: TestClient, path: str = "reports", **headers: str) -> str:
    response = client.get(f"/ui/{path}", headers=headers)
    assert response.status_code == 200, response.text
    return response.text


def send(client: TestClient, path: str = "reports", headers: dict | None = None, **data: str):
    return client.post(
        f"/ui/{path}", data=data, headers=OWN | (headers or {}), follow_redirects=False
    )


def id_of(response: Response) -> str:
    assert response.status_code == 303, text_of(response.text)
    return response.headers["location"].removeprefix("reports?report=")


def ended(client: TestClient, report_id: str, **headers: str) -> str:
    """Return the page of a report once it is not being made any more."""
    state = client.get(
        f"/get_report?report_id={report_id}&wait={DEADLINE_SECONDS}", headers=headers
    ).json()
    assert state["status"] != "Running"
    return page(client, f"reports?report={report_id}", **headers)


def test_a_report_is_asked_for_watched_and_fetched(client: TestClient):
    assert "No report was asked for yet. The form above asks for one." in text_of(page(client))
    report_id = id_of(send(client))
    html = ended(client, report_id)
    assert "✓ ready" in text_of(html)
    file = links_of(html)["Download it (CSV)"]
    assert file == f"download/{report_id}.csv"
    assert client.get(f"/ui/{file}").text == csv_of("a")
    [row] = rows_of(page(client))
    assert row[0] == "✓ ready"
    assert row[2] == "all stores, in minutes"
    assert row[4] == "1"


def test_what_is_asked_for_is_what_the_form_says(client: TestClient):
    report_id = id_of(
        send(
            client,
            as_of="2026-03-10T12:00:00",
            units="mixed",
            columns="all",
            format="json",
            stores="a\r\n  b \r\n\r\n",
        )
    )
    assert client.app.state.reports.options(report_id) == ReportOptions(
        as_of="2026-03-10T12:00:00Z", units="mixed", columns="all", format="json", stores=["a", "b"]
    )


def test_the_form_as_it_comes_asks_for_the_usual_report(client: TestClient):
    html = page(client)
    given = {
        "as_of": re.search(r'name="as_of"[^>]*value="(.*?)"', html)[1],
        "stores": re.search(r"<textarea[^>]*>(.*?)</textarea>", html)[1],
        **{
            name: re.search(rf'name="{name}">.*?value="(\w+)" selected', html)[1]
            for name in ("units", "columns", "format")
        },
    }
    report_id = id_of(send(client, **given))
    # Which is also what `store_report.csv` becomes.
    assert client.app.state.reports.options(report_id) == ReportOptions()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"as_of": "yesterday"}, "As of: an instant with dashes is expected"),
        ({"as_of": "0001-01-01T00:00:00+14:00"}, "As of: an instant from year 1 to 9999"),
        ({"units": "days"}, "Units: Input should be 'minutes' or 'mixed', not 'days'."),
        ({"columns": "odd"}, "Columns: "),
        ({"format": "pdf"}, "Format: "),
        ({"stores": "\n".join(map(str, range(1001)))}, "Stores: List should have at most 1000"),
        ({"stores": "x" * 1001}, "Stores: String should have at most 1000 characters"),
    ],
)
def test_what_is_wrong_is_told_and_stays_in_the_form(
    client: TestClient, given: dict[str, str], said: str
):
    response = send(client, **given)
    assert response.status_code == 422
    assert said in text_of(response.text)
    if "as_of" in given:
        assert f'value="{given["as_of"]}"' in response.text
    if "stores" in given:
        assert given["stores"] in response.text
    assert client.app.state.reports.entries(1) == []


def test_an_address_fills_in_the_form(client: TestClient):
    html = page(client, "reports?units=mixed&format=xlsx&stores=a&stores=b&as_of=2026-03-10T12:00")
    assert '<option value="mixed" selected>' in html
    assert '<option value="xlsx" selected>' in html
    assert ">a\nb</textarea>" in html
    assert 'value="2026-03-10T12:00"' in html


def test_a_report_leads_to_another_like_it(client: TestClient):
    report_id = id_of(send(client, as_of="2026-03-10T12:00:00", format="json", stores="a"))
    again = links_of(page(client, f"reports?report={report_id}"))["Ask for one like it"]
    html = page(client, again)
    assert re.search(r'type="datetime-local"[^>]*value="2026-03-10T12:00:00"', html)
    assert '<option value="json" selected>' in html
    assert ">a</textarea>" in html


def test_a_report_that_is_being_made_tells_how_far_it_is(client: TestClient, builder: FakeBuilder):
    builder.may_end.clear()
    report_id = id_of(send(client))
    assert builder.has_begun.wait(DEADLINE_SECONDS)
    html = page(client, f"reports?report={report_id}")
    assert "◴ being made" in text_of(html)
    assert "2 of 3 tables are built" in text_of(html)
    assert '<progress value="2" max="3"' in html
    # With the script by that, without it by the browser.
    assert 'data-every="2"' in html
    assert '<noscript><meta http-equiv="refresh" content="3"></noscript>' in html
    assert rows_of(page(client))[0][0] == "◴ being made 2 of 3 tables are built"
    builder.may_end.set()
    html = ended(client, report_id)
    assert "data-every" not in html and "refresh" not in html


def test_one_that_is_cancelled_says_so_and_can_be_removed(client: TestClient, builder: FakeBuilder):
    builder.may_end.clear()
    report_id = id_of(send(client))
    assert builder.has_begun.wait(DEADLINE_SECONDS)
    response = send(client, "cancel_report", report_id=report_id)
    assert response.headers["location"] == f"reports?report={report_id}"
    html = page(client, f"reports?report={report_id}")
    assert "It was cancelled before it was made." in text_of(html)
    assert rows_of(page(client))[0][0] == "– cancelled"
    response = send(client, "cancel_report", report_id=report_id)
    assert response.headers["location"] == "reports"
    assert rows_of(page(client)) == []
    response = client.get(f"/ui/reports?report={report_id}")
    assert response.status_code == 404
    assert "it may be removed" in text_of(response.text)


def test_one_that_failed_says_why(client: TestClient, builder: FakeBuilder):
    def fail() -> None:
        raise BuildError("The lake is dry.")

    builder.meanwhile = fail
    html = ended(client, id_of(send(client)))
    assert "✕ It failed. The lake is dry." in text_of(html)
    assert rows_of(page(client))[0][0] == "✕ failed The lake is dry."


def test_one_that_failed_names_no_folder_of_the_machine(
    client: TestClient, builder: FakeBuilder, settings: Settings
):
    def fail() -> None:
        raise BuildError(f"no file store_status*.csv in the folder {settings.data}.")

    builder.meanwhile = fail
    html = ended(client, id_of(send(client)))
    said = f"no file store_status*.csv in the folder {settings.data.name}."
    assert said in text_of(html)
    for told in (html, page(client), page(client, "reports.csv"), page(client, "data")):
        assert str(settings.data) not in told


def test_the_newest_figures_need_no_waiting(client: TestClient, settings: Settings):
    assert "newest.csv" not in page(client)
    publish(settings)
    links = links_of(page(client))
    assert client.get(f"/ui/{links['CSV']}").text == csv_of("a")
    assert client.get(f"/ui/{links['Excel']}").status_code == 200


def test_the_list_goes_on_to_earlier_ones(client: TestClient, builder: FakeBuilder):
    builder.may_end.clear()
    ids = [id_of(send(client)) for _ in range(31)]
    html = page(client)
    assert len(rows_of(html)) == 30 and ids[0] not in html
    earlier = page(client, links_of(html)["Earlier ones"])
    assert len(rows_of(earlier)) == 1 and ids[0] in earlier
    assert client.get("/ui/reports?cursor=x").status_code == 422


def test_the_list_has_its_csv_in_which_no_formula_runs(client: TestClient):
    record = client.app.state.reports
    report_id = record.add(ReportOptions(stores=["a;=cmd()"]), "=cmd()")
    rows = list(csv.DictReader(client.get("/ui/reports.csv").text.splitlines()))
    [row] = [each for each in rows if each["report_id"] == report_id]
    assert row["requested_by"] == "'=cmd()"
    assert row["options"] == """{"stores": ["a;'=cmd()"]}"""


def test_an_unchanged_list_is_not_sent_again(client: TestClient):
    ended(client, id_of(send(client)))
    etag = client.get("/ui/reports").headers["ETag"]
    assert client.get("/ui/reports", headers={"If-None-Match": etag}).status_code == 304


@pytest.mark.parametrize("path", ["reports", "cancel_report"])
@pytest.mark.parametrize(
    "headers", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {}]
)
def test_forms_of_other_origins_are_refused(client: TestClient, path: str, headers: dict[str, str]):
    response = client.post(f"/ui/{path}", data={"report_id": "x"}, headers=headers)
    assert response.status_code == 403
    assert client.app.state.reports.entries(1) == []


def test_without_the_scope_run_there_is_no_form(client: TestClient, access: Access):
    reader = {"Authorization": f"Bearer {access.create('reader', ['read'])}"}
    html = page(client, **reader)
    assert '<form class="card ask"' not in html
    assert "to ask for one needs the scope run" in text_of(html)
    response = send(client, headers=reader)
    assert response.status_code == 403
    assert "This needs the scope 'run'" in text_of(response.text)
    assert send(client, "cancel_report", reader, report_id="x").status_code == 403


def test_a_token_ends_its_own_reports_alone(client: TestClient, access: Access):
    mine, other = (
        {"Authorization": f"Bearer {access.create(name, ['read', 'run'])}"} for name in ("m", "o")
    )
    report_id = id_of(send(client, headers=mine))
    ended(client, report_id, **mine)
    assert "Remove" in text_of(page(client, **mine))
    assert "Remove" not in text_of(page(client, **other))
    assert send(client, "cancel_report", other, report_id=report_id).status_code == 403
    assert rows_of(page(client, **other))[0][1].endswith("by m")
    assert send(client, "cancel_report", mine, report_id=report_id).status_code == 303


def test_what_a_form_does_is_in_the_audit_log(client: TestClient):
    report_id = id_of(send(client))
    entry = client.get("/audit").json()["entries"][0]
    assert entry["action"] == "POST /ui/reports"
    assert entry["detail"]["report_id"] == report_id


def test_a_token_of_some_stores_is_refused(client: TestClient, access: Access):
    some = {"Authorization": f"Bearer {access.create('s', ['read', 'run'], stores=['a'])}"}
    for path in ("reports", "reports.csv", "newest.csv", "download/store_report.csv"):
        assert client.get(f"/ui/{path}", headers=some).status_code == 403
    assert send(client, headers=some).status_code == 403
