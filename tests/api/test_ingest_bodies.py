"""Rows of a poller and forms of people, each an upload as any other."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.builds import Staging, write_staging
from api.main import create_app
from api.settings import Settings
from api.uploads import Upload
from tests.api.fakes import FakeBuilder, local_client
from tests.api.test_ingest import CSV, POLLS, landed, post, sha256

ROW = {"store_id": "a", "status": "active", "timestamp_utc": "2026-03-12T18:00:00Z"}
LATER = ROW | {"timestamp_utc": "2026-03-12T19:00:00.25+01:00", "status": "inactive"}


@pytest.fixture(autouse=True)
def _compiled(settings: Settings, staging: Staging) -> None:
    write_staging(staging, settings.db.parent / "target")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (json.dumps([ROW, LATER]), "application/json"),
        (json.dumps([ROW, LATER], indent=2), "application/json"),
        (f"{json.dumps(ROW)}\n{json.dumps(LATER)}\n", "application/json"),
        (f"{json.dumps(ROW)}\n{json.dumps(LATER)}", "application/x-ndjson"),
    ],
)
def test_rows_of_a_poller_are_an_upload(client: TestClient, content: str, kind: str):
    headers = {"Content-Type": kind}
    response = client.post("/ingest/store_status", content=content, headers=headers)
    assert response.status_code == 201, response.text
    assert (response.json()["rows"], response.json()["rejected_rows"]) == (2, 0)


def test_one_row_is_an_upload(client: TestClient):
    assert client.post("/ingest/store_status", json=[ROW]).json()["rows"] == 1
    response = client.post("/ingest/store_status", json=LATER)
    assert (response.status_code, response.json()["rows"]) == (201, 1), response.text


def send(client: TestClient, files: Any, **params: Any) -> Any:
    return client.post("/ingest/store_status", files=files, params=params)


def test_file_in_a_form_is_the_same_upload(client: TestClient, settings: Settings):
    sent = send(client, {"file": ("polls.csv", POLLS)})
    assert (sent.status_code, sent.json()["sha256"]) == (201, sha256(POLLS))
    again = post(client, POLLS)
    assert again.json() == sent.json() | {"is_new": False}
    [name] = landed(settings)
    assert (settings.data / name).read_text() == POLLS


def test_large_file_in_a_form_is_whole(client: TestClient, tmp_path: Path):
    lines = [f"a,active,2026-03-11 10:{n // 60 % 60:02}:{n % 60:02} UTC" for n in range(100_000)]
    content = "\n".join(["store_id,status,timestamp_utc", *lines])
    response = send(client, {"file": content}, dry_run=True)
    assert (response.status_code, response.json()["sha256"]) == (200, sha256(content))
    assert response.json()["rows"] == 100_000


def test_form_has_one_file(client: TestClient, settings: Settings):
    response = send(client, [("file", ("a.csv", POLLS)), ("file", ("b.csv", POLLS))])
    assert (response.status_code, response.json()["detail"]) == (
        422,
        "The form has several parts; one file is expected, as `file`.",
    )
    assert not landed(settings)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=b", b"x"),
        ("multipart/form-data; boundary=b", b""),
        ("multipart/form-data; boundary=b", b"--b--\r\n"),
        (
            "multipart/form-data; boundary=b",
            b"--b\r\nContent-Disposition: form-data; name=file\r\n\r\n" + POLLS.encode(),
        ),
    ],
)
def test_form_that_cannot_be_read_is_refused(
    client: TestClient, settings: Settings, kind: str, body: bytes
):
    response = client.post("/ingest/store_status", content=body, headers={"Content-Type": kind})
    assert response.status_code == 422
    assert response.json()["detail"].startswith("The form ")
    assert not landed(settings)


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:3000"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_form_that_a_foreign_page_sends_unasked_is_refused(
    client: TestClient, settings: Settings, headers: dict[str, str]
):
    files = {"file": ("polls.csv", POLLS)}
    response = client.post("/ingest/store_status", files=files, headers=headers)
    assert response.status_code == 403
    assert not landed(settings)


def limited_client(settings: Settings, **limits: Any) -> TestClient:
    return local_client(create_app(settings.model_copy(update=limits), FakeBuilder(settings)))


def test_more_uploads_than_may_come_at_once_are_told_when_to_come_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    received, may_end, finish = threading.Semaphore(0), threading.Event(), Upload.finish

    def finish_later(upload: Upload) -> None:
        received.release()
        assert may_end.wait(20)
        finish(upload)

    monkeypatch.setattr(Upload, "finish", finish_later)
    with (
        limited_client(settings, uploads_at_once=2) as client,
        ThreadPoolExecutor(2) as pool,
    ):
        polls = [POLLS.replace("a,", f"{store},") for store in "bc"]
        coming = [pool.submit(post, client, content) for content in polls]
        assert all(received.acquire(timeout=20) for _ in coming)
        refused = post(client, POLLS)
        may_end.set()
        assert [sent.result().status_code for sent in coming] == [201, 201]
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")
        assert refused.json()["detail"] == (
            "More uploads are coming than STORE_UPTIME_UPLOADS_AT_ONCE allows. "
            "Try again in a second."
        )
        assert post(client, POLLS).status_code == 201


def test_more_files_than_the_folder_may_have_are_refused(settings: Settings):
    polls = [POLLS.replace("a,", f"{store},") for store in "bcd"]
    with limited_client(settings, upload_files_max=2) as client:
        assert [post(client, content).status_code for content in polls[:2]] == [201, 201]
        refused = post(client, polls[2])
        assert refused.status_code == 422
        assert "STORE_UPTIME_UPLOAD_FILES_MAX" in refused.json()["detail"]
        # What adds none is taken.
        url = "/ingest/store_status"
        assert client.post(f"{url}?dry_run=true", content=polls[2], headers=CSV).is_success
        assert client.post(f"{url}?replace=true", content=polls[2], headers=CSV).is_success
        assert len(landed(settings)) == 1
