"""The files of the inputs are listed, and those that came by HTTP can be removed or sent again."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from api.builds import Staging, write_staging
from api.inputs import Landing
from api.settings import Settings
from api.uploads import Upload
from loader.finding import find
from loader.load import load

CSV = {"Content-Type": "text/csv"}
HOURS = "store_id,day,start_time_local,end_time_local\n"
POLLS = "store_id,status,timestamp_utc\n"


@pytest.fixture(autouse=True)
def _compiled(settings: Settings, staging: Staging) -> None:
    write_staging(staging, settings.db.parent / "target")


def put(client: TestClient, content: str, url: str = "business_hours/berlin.csv") -> Any:
    return client.put(f"/inputs/{url}", content=content, headers=CSV)


def post(client: TestClient, content: str, name: str = "store_status") -> Any:
    return client.post(f"/ingest/{name}", content=content, headers=CSV)


def uploads(settings: Settings) -> list[str]:
    """Return the content of each upload that the loader would read."""
    return [
        Path(file.path).read_text()
        for file in find(settings.data)[0]
        if file.path.startswith(str(settings.data.resolve())) and "_20" in file.path
    ]


def listed(client: TestClient, **params: Any) -> dict[str, dict[str, Any]]:
    answer = client.get("/inputs", params=params)
    assert answer.status_code == 200, answer.text
    return {file["file"]: file for file in answer.json()["inputs"]}


def upload(settings: Settings, content: str) -> Upload:
    sent = Upload(settings.data, 10**6, 10**6, 10**6)
    sent.write(content.encode())
    sent.finish()
    return sent


def test_files_are_listed_as_the_loader_sees_them(client: TestClient, settings: Settings):
    receipt = post(client, f"{POLLS}b,active,2026-03-12 18:00:00 UTC\nb,active\n").json()
    (settings.data / "store status.csv").write_text(POLLS)
    found = listed(client)
    assert list(found) == sorted(found, key=lambda name: (found[name]["input"], name))
    assert {name: file["state"] for name, file in found.items()} == {
        "business_hours.csv": "waiting",
        "store status.csv": "not_read",
        "store_status.csv": "waiting",
        receipt["file"]: "waiting",
        "timezones.csv": "waiting",
    }
    load(settings.data, settings.lake)
    sent = listed(client)[receipt["file"]]
    assert sent.pop("arrived_at") <= sent.pop("loaded_at")
    assert sent == {
        "id": receipt["id"],
        "input": "store_status",
        "file": receipt["file"],
        "state": "counted",
        "is_upload": True,
        "name": None,
        "by": "this machine",
        "bytes": receipt["bytes"],
        "rows": 2,
        "set_aside": 1,
        "note": None,
    }
    by_hand = listed(client, input="store_status")["store_status.csv"]
    assert (by_hand["is_upload"], by_hand["by"], by_hand["rows"]) == (False, None, 1)


def test_file_that_is_gone_counts_until_the_next_load(client: TestClient, settings: Settings):
    more = settings.data / "store_status_more.csv"
    more.write_text(f"{POLLS}b,active,2026-03-12 18:00:00 UTC\n")
    load(settings.data, settings.lake)
    more.unlink()
    assert listed(client)["store_status_more.csv"]["state"] == "leaving"
    load(settings.data, settings.lake)
    assert "store_status_more.csv" not in listed(client)


def test_pages_of_files_join(client: TestClient):
    whole = list(listed(client))
    names, cursor = [], None
    while True:
        params = {"limit": 1} | ({"cursor": cursor} if cursor else {})
        page = client.get("/inputs", params=params).json()
        names += [file["file"] for file in page["inputs"]]
        if not (cursor := page["next_cursor"]):
            break
    assert names == whole
    assert client.get("/inputs?input=store").status_code == 422


def test_upload_is_removed(client: TestClient, settings: Settings):
    receipts = [
        post(client, f"{POLLS}{store},active,2026-03-12 18:00:00 UTC\n").json() for store in "bc"
    ]
    assert client.delete(f"/inputs/{receipts[0]['id']}").status_code == 204
    assert uploads(settings) == [f"{POLLS}c,active,2026-03-12 18:00:00 UTC\n"]
    assert client.delete(f"/inputs/{receipts[0]['id']}").status_code == 404
    # By the name of its file, too.
    assert client.delete(f"/inputs/{receipts[1]['file']}").status_code == 204
    assert uploads(settings) == []
    # It is no longer there, so the same content is new.
    assert post(client, f"{POLLS}c,active,2026-03-12 18:00:00 UTC\n").status_code == 201


@pytest.mark.parametrize("name", ["store_status.csv", "nowhere.csv", "%2e%2e%2fsecret", "a/b"])
def test_only_uploads_are_removed(client: TestClient, settings: Settings, name: str):
    answer = client.delete(f"/inputs/{name}")
    assert answer.status_code == (409 if name == "store_status.csv" else 404)
    assert answer.status_code == 404 or answer.json()["detail"] == (
        "'store_status.csv' was put into the folder by hand; only what came by HTTP is removed "
        "here."
    )
    assert (settings.data / "store_status.csv").exists()


def test_what_builds_cannot_do_without_is_not_removed(client: TestClient, settings: Settings):
    polls = post(client, f"{POLLS}b,active,2026-03-12 18:00:00 UTC\n").json()
    hours = post(client, HOURS, "business_hours").json()
    (settings.data / "store_status.csv").write_text(POLLS)
    (settings.data / "business_hours.csv").unlink()
    load(settings.data, settings.lake)
    last_polls = client.delete(f"/inputs/{polls['id']}")
    last_file = client.delete(f"/inputs/{hours['id']}")
    assert (last_polls.status_code, last_file.status_code) == (409, 409)
    assert "there would be none, and no instant to look back from" in last_polls.json()["detail"]
    assert last_file.json()["detail"] == (
        "Without it there would be no file of business_hours, which builds need; "
        "send another one first."
    )
    assert len(uploads(settings)) == 2


def test_file_is_sent_again_under_its_name(client: TestClient, settings: Settings):
    first = put(client, f"{HOURS}a,0,9:00,17:00\n")
    other = put(client, f"{HOURS}b,0,9:00,17:00\n", "business_hours/paris.csv")
    second = put(client, f"{HOURS}a,0,9:00,18:00\n")
    again = put(client, f"{HOURS}a,0,9:00,18:00\n")
    assert [each.status_code for each in (first, other, second, again)] == [201, 201, 200, 200]
    assert [each.json()["is_new"] for each in (first, second, again)] == [True, True, False]
    assert first.json()["id"] == second.json()["id"] == again.json()["id"]
    assert sorted(uploads(settings)) == [
        f"{HOURS}a,0,9:00,18:00\n",
        f"{HOURS}b,0,9:00,17:00\n",
    ]
    assert listed(client)[second.json()["file"]]["name"] == "berlin.csv"


def test_upload_without_a_name_is_sent_again_by_that_of_its_file(
    client: TestClient, settings: Settings
):
    file = post(client, f"{HOURS}a,0,9:00,17:00\n", "business_hours").json()["file"]
    for hour in (18, 19):
        answer = put(client, f"{HOURS}a,0,9:00,{hour}:00\n", f"business_hours/{file}")
        assert (answer.status_code, answer.json()["is_new"]) == (200, True)
        assert uploads(settings) == [f"{HOURS}a,0,9:00,{hour}:00\n"]


def test_what_is_sent_again_stays_in_its_place(client: TestClient, settings: Settings):
    zones = "store_id,timezone_str\n"
    early = put(client, f"{zones}a,UTC\nb,UTC\n", "timezones/early.csv").json()
    late = put(client, f"{zones}a,America/Chicago\n", "timezones/late.csv").json()
    corrected = put(client, f"{zones}a,UTC\nb,Asia/Tokyo\n", "timezones/early.csv").json()
    arrived = {file["name"]: file["arrived_at"] for file in listed(client).values()}
    assert arrived["early.csv"] < arrived["late.csv"]
    assert early["id"] == corrected["id"] < late["id"]


def test_files_put_by_hand_are_not_replaced(client: TestClient, settings: Settings):
    answer = put(client, HOURS, "business_hours/business_hours.csv")
    assert answer.status_code == 409
    assert answer.json()["detail"].startswith("'business_hours.csv' was put into the folder by")
    assert put(client, HOURS, "rubbish/berlin.csv").status_code == 404
    assert uploads(settings) == []


@pytest.mark.parametrize("name", ["Zürich, 1.csv", "..", ".x", "日本" * 6, "x" * 120, "a=b"])
def test_any_short_name_is_one(client: TestClient, settings: Settings, name: str):
    for hour in (17, 18):
        url = f"business_hours/{quote(name, safe='').replace('.', '%2E')}"
        assert put(client, f"{HOURS}a,0,9:00,{hour}:00\n", url).is_success
    [file] = [file for file in listed(client).values() if file["is_upload"]]
    assert file["name"] == name
    assert len(uploads(settings)) == 1
    # The name of its file stands in an address as it is.
    put(client, f"{HOURS}b,0,9:00,17:00\n", "business_hours/other")
    assert client.delete(f"/inputs/{file['file']}").status_code == 204
    assert len(uploads(settings)) == 1


def test_long_names_are_refused(client: TestClient, settings: Settings):
    answer = put(client, HOURS, f"business_hours/{'x' * 121}")
    assert (answer.status_code, answer.json()["detail"]) == (
        422,
        "The name is too long: encoded it has 121 bytes.",
    )


@pytest.mark.parametrize("send", [put, lambda client, said: post(client, said, "business_hours")])
def test_hours_do_not_stand_beside_those_put_by_hand(
    client: TestClient, settings: Settings, send: Any
):
    (settings.data / "business_hours.csv").write_text(f"{HOURS}b,0,9:00,17:00\n")
    answer = send(client, f"{HOURS}a,0,9:00,17:00\n")
    assert answer.status_code == 409
    assert answer.json()["detail"] == (
        "business_hours.csv was put into the folder by hand, and hours add up: what it says would "
        "go on to hold beside these. Change that file, or remove it from the folder and send all "
        "hours by HTTP; single dates may be sent as special_hours."
    )
    assert uploads(settings) == []
    # Without rows it says nothing.
    assert send(client, HOURS).status_code == 201
    (settings.data / "business_hours.csv").unlink()
    assert send(client, f"{HOURS}a,0,9:00,17:00\n").is_success


def test_only_tokens_for_uploads_see_and_change_the_files(client: TestClient, settings: Settings):
    access = client.app.state.access
    tokens = {scope: access.create(scope, [scope]) for scope in ("read", "run", "ingest")}
    some = access.create("some", ["ingest"], ["a"])
    for token in (tokens["read"], tokens["run"], some):
        headers = {"Authorization": f"Bearer {token}"}
        assert client.get("/inputs", headers=headers).status_code == 403
        assert client.delete("/inputs/x", headers=headers).status_code == 403
        assert client.put("/inputs/stores/x", headers=headers | CSV).status_code == 403
    headers = {"Authorization": f"Bearer {tokens['ingest']}"}
    url = "/inputs/stores/brands.csv"
    sent = client.put(url, content="store_id,brand\na,red\n", headers=headers | CSV).json()
    [file] = [
        file for file in client.get("/inputs", headers=headers).json()["inputs"] if file["by"]
    ]
    assert file["by"].startswith("ingest (")
    assert file["name"] == "brands.csv"
    assert client.delete(f"/inputs/{sent['id']}", headers=headers).status_code == 204
    changes = [
        (entry.action, entry.detail["file"])
        for entry in access.log.page(10)
        if entry.outcome.startswith("2")
    ]
    assert changes == [
        ("DELETE /inputs/{id:path}", sent["file"]),
        ("PUT /inputs/{input}/{name}", sent["file"]),
    ]


class Killed(BaseException):
    """The service was killed."""


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Offer a list whose one number says after how many changes of files a service is killed."""
    left = [1 << 30]

    def counted(name: str) -> None:
        change = getattr(os, name)

        def step(*values: Any, **named: Any) -> Any:
            if left[0] == 0:
                raise Killed
            left[0] -= 1
            return change(*values, **named)

        monkeypatch.setattr(os, name, step)

    for name in ("replace", "rename", "unlink", "fsync"):
        counted(name)
    return left


@pytest.mark.parametrize("ending", ["", "x"])
def test_killed_while_a_file_is_sent_again(settings: Settings, steps: list[int], ending: str):
    """At each moment the one before counts, or the new one; and so after a restart."""
    before, after = f"{POLLS}b,active,2026-03-11\n", f'[{{"store_id": "{ending}"}}]'
    states = []
    for kill_after in range(100):
        landing = Landing(settings.data)
        landing.put(upload(settings, before), "store_status", "b")
        new = upload(settings, after)
        steps[0] = kill_after
        with suppress(Killed):
            landing.put(new, "store_status", "b")
        is_through = steps[0] > 0
        steps[0] = 1 << 30
        [counts] = uploads(settings)
        restarted = Landing(settings.data)
        assert uploads(settings) == [counts]
        [landed] = restarted.uploads()
        assert landed.name == "b"
        states.append(counts)
        if is_through:
            break
    assert states == sorted(states, key=lambda state: state == after)
    assert {*states} == {before, after}


def test_killed_while_a_file_is_removed(settings: Settings, steps: list[int]):
    """What it once took the place of does not come back."""
    contents = [f"{POLLS}{store},active,2026-03-11\n" for store in "ab"]
    states = []
    for kill_after in range(100):
        landing = Landing(settings.data)
        for content in contents:
            landing.put(upload(settings, content), "store_status", "b")
        [landed] = landing.uploads()
        # As a kill in the middle may have left it.
        older = landed.path.name.replace(".2.", ".1.")
        (settings.data / older).write_text(contents[0])
        steps[0] = kill_after
        with suppress(Killed):
            landing.remove(landed.upload_id, lambda _: None)
        is_through = steps[0] > 0
        steps[0] = 1 << 30
        states.append(uploads(settings))
        Landing(settings.data)
        assert uploads(settings) == states[-1]
        if is_through:
            break
    assert all(state in ([], [contents[1]]) for state in states)
    assert states[0] and not states[-1]


def test_uploads_of_the_same_instant_both_count(settings: Settings):
    landing = Landing(settings.data)
    names = []
    for store in "ab":
        landed, _ = landing.land(upload(settings, f"{POLLS}{store},active,x\n"), "stores", False)
        names.append(landed.path.name)
        settings.data.joinpath(names[0]).rename(
            settings.data / names[0].replace(names[0][7:28], names[-1][7:28])
        )
        names[0] = names[0].replace(names[0][7:28], names[-1][7:28])
    Landing(settings.data)
    assert len(uploads(settings)) == 2
