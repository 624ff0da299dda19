"""Uploads become inputs, whole or not at all, and once however often they come."""

import errno
import gzip
import hashlib
import io
import json
import os
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import pytest
import zstandard
from fastapi.testclient import TestClient
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from api import uploads
from api.builds import Staging, forget_staging, input_files, write_staging
from api.inputs import Landing
from api.main import create_app
from api.settings import PROJECT, Settings
from api.uploads import Judged, Upload, remove_abandoned
from loader.load import load
from tests.api.fakes import FakeBuilder, local_client, publish

HOURS = "store_id,dayOfWeek,start_time_local,end_time_local\na,0,09:00:00,17:00:00\n"
POLLS = "store_id,status,timestamp_utc\na,active,2026-03-11 10:00:00 UTC\n"
CSV = {"Content-Type": "text/csv"}


# What is in the folder before anything comes by HTTP.
THERE = ("business_hours.csv", "store_status.csv", "timezones.csv")


@pytest.fixture(autouse=True)
def _compiled(settings: Settings, staging: Staging) -> None:
    write_staging(staging, settings.db.parent / "target")


def post(client: TestClient, content: bytes | str, name: str = "store_status", **params: Any):
    return client.post(f"/ingest/{name}", content=content, params=params, headers=CSV)


def landed(settings: Settings) -> list[str]:
    """Return what came by HTTP, and anything left over."""
    return sorted(path.name for path in settings.data.iterdir() if path.name not in THERE)


def sha256(content: str | bytes) -> str:
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


def parquet(sql: str, tmp_path: Path) -> bytes:
    path = tmp_path / "some.parquet"
    duckdb.execute(f"copy ({sql}) to '{path}' (format parquet)")
    return path.read_bytes()


def test_upload_is_an_input_and_has_a_receipt(client: TestClient, settings: Settings):
    response = post(client, POLLS)
    assert response.status_code == 201
    receipt = response.json()
    [name] = landed(settings)
    assert receipt == {
        "id": name.rpartition("_")[0],
        "input": "store_status",
        "file": name,
        "sha256": sha256(POLLS),
        "bytes": len(POLLS),
        "rows": 1,
        "malformed_rows": 0,
        "rejected_rows": 0,
        "rejected": {},
        "is_new": True,
    }
    assert name.startswith("store_status_20") and name.endswith(f"_{sha256(POLLS)}.csv")
    assert (settings.data / name).read_text() == POLLS


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("business_hours", HOURS),
        (
            "business_hours",
            "store_id,day,start_time_local,end_time_local,valid_to\na,0,9:00,10:00,\n",
        ),
        ("special_hours", "store_id,date,opens,closes,closed\na,2026-12-25,,,yes\n"),
        ("special_hours", "store_id,date,closed\n*,2026-12-25,yes\n"),
        ("exclusions", "store_id,from,to\na,2026-03-11 10:00:00,2026-03-11 11:00:00\n"),
        (
            "exclusions",
            "store_id,from,to,reason,author\n*,2026-03-11T10:00:00Z,2026-03-12T00:00:00Z,x,y\n",
        ),
        ("stores", "store_id,brand,region\na,red,\n"),
        ("uptime_targets", "attribute,ratio,period\nall,99%,month\n"),
        ("uptime_targets", "attribute,value,target,period\nbrand,red,0.99,week\n"),
    ],
)
def test_every_input_is_taken_without_its_optional_columns(
    client: TestClient, settings: Settings, name: str, content: str
):
    response = post(client, content, name)
    assert (response.status_code, response.json()["rows"]) == (201, 1), response.text
    [file] = landed(settings)
    assert file.startswith(f"{name}_20")


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("special_hours", "store_id,closed\na,yes\n", "No column date or local_date in the body,"),
        ("special_hours", "store_id,date\na,soon\n", "None of the 1 rows counts (1 bad_date);"),
        ("exclusions", "store_id,from,to\na,soon,later\n", "None of the 1 rows counts (1 bad_time"),
        ("stores", "brand\nred\n", "No column store_id in the body,"),
        ("uptime_targets", "attribute,period\nall,day\n", "No column ratio or target in the body"),
    ],
)
def test_optional_input_that_cannot_be_read_is_refused(
    client: TestClient, settings: Settings, name: str, content: str, said: str
):
    response = post(client, content, name)
    assert (response.status_code, response.json()["detail"][: len(said)]) == (422, said)
    assert landed(settings) == []


def test_same_content_twice_is_one_file(client: TestClient, settings: Settings):
    first, second = post(client, POLLS), post(client, POLLS)
    packed = post(client, gzip.compress(POLLS.encode()))
    assert [answer.status_code for answer in (first, second, packed)] == [201, 200, 200]
    assert len(landed(settings)) == 1
    assert first.json() | {"is_new": False} == second.json() == packed.json()


@pytest.mark.parametrize("name", ["timezones", "stores", "store_status"])
def test_what_is_sent_again_comes_last_where_that_matters(
    client: TestClient, settings: Settings, name: str
):
    contents = [
        f"store_id,timezone_str,status,timestamp_utc\na,{zone},active,2026-03-11 10:00:00 UTC\n"
        for zone in ("UTC", "America/Chicago")
    ]
    first, second = [post(client, content, name).json() for content in contents]
    again = post(client, contents[0], name)
    assert (again.status_code, again.json()["is_new"]) == (200, False)
    if name == "store_status":
        assert again.json()["file"] == first["file"]
    else:
        assert again.json()["file"] > second["file"]
        assert (settings.data / again.json()["file"]).read_text() == contents[0]
        assert post(client, contents[0], name).json() == again.json()
    assert landed(settings) == sorted([second["file"], again.json()["file"]])


def test_what_came_last_is_last_though_the_clock_was_set_back(
    client: TestClient, settings: Settings
):
    early, late = (f"store_id,timezone_str\na,{zone}\n" for zone in ("UTC", "America/Chicago"))
    future = f"timezones_20991231T235959999999_{sha256(late)}.csv"
    (settings.data / future).write_text(late)
    names = [post(client, early, "timezones").json()["file"] for _ in range(2)]
    assert names[0] == names[1] > future


def test_dry_runs_make_their_folder_again(client: TestClient):
    shutil.rmtree(client.app.state.judge.folder)
    assert post(client, POLLS, dry_run="true").status_code == 200


def test_dry_run_is_not_overruled(client: TestClient, settings: Settings):
    response = client.post(
        "/ingest/store_status?dry_run=true&dry_run=false", content=POLLS, headers=CSV
    )
    assert (response.status_code, response.json()["detail"]) == (
        422,
        "query.dry_run: it comes 2 times; once is expected.",
    )
    assert landed(settings) == []


def test_same_content_for_another_input_is_another_file(client: TestClient, settings: Settings):
    both = "store_id,timezone_str,status,timestamp_utc\na,UTC,active,2026-03-11 10:00:00 UTC\n"
    assert post(client, both).status_code == 201
    assert post(client, both, "timezones").status_code == 201
    assert len(landed(settings)) == 2


def test_file_that_was_damaged_is_replaced(client: TestClient, settings: Settings):
    name = post(client, POLLS).json()["file"]
    (settings.data / name).write_text("damaged")
    again = post(client, POLLS)
    assert again.status_code == 201
    assert landed(settings) == [again.json()["file"]]
    assert (settings.data / again.json()["file"]).read_text() == POLLS


def test_files_add_up_in_the_order_of_arrival(client: TestClient, settings: Settings):
    names = [
        post(client, f"store_id,timezone_str\na,{zone}\n", "timezones").json()["file"]
        for zone in ("UTC", "America/Chicago", "America/Denver")
    ]
    assert landed(settings) == names
    # Behind the file that was there without HTTP.
    assert names[0] > "timezones.csv"


def test_replacing_leaves_one_upload_and_what_others_put_there(
    client: TestClient, settings: Settings
):
    (settings.data / "timezones_extra.csv").write_text("store_id,timezone_str\n")
    for zone in ("UTC", "America/Chicago"):
        post(client, f"store_id,timezone_str\na,{zone}\n", "timezones")
    hours = post(client, HOURS, "business_hours").json()["file"]
    last = post(client, "store_id,timezone_str\na,UTC\n", "timezones", replace=True)
    assert last.status_code == 200
    assert landed(settings) == sorted([hours, last.json()["file"], "timezones_extra.csv"])


@pytest.mark.parametrize("encoding", [{}, {"Content-Encoding": "gzip"}])
def test_packed_csv_stays_packed(client: TestClient, settings: Settings, encoding: dict[str, str]):
    # Of two parts, as log rotation writes them.
    packed = gzip.compress(POLLS.encode()) + gzip.compress(b"b,inactive,2026-03-11 11:00:00 UTC\n")
    response = client.post("/ingest/store_status", content=packed, headers=CSV | encoding)
    assert (response.status_code, response.json()["rows"]) == (201, 2)
    [name] = landed(settings)
    assert name.endswith(".csv.gz")
    assert (settings.data / name).read_bytes() == packed


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_parquet_is_known_by_its_content(
    client: TestClient, settings: Settings, tmp_path: Path, pack: Any
):
    content = parquet(
        "select 7 as Store_ID, 'active' as status, now() as timestamp_utc from range(9)", tmp_path
    )
    response = post(client, pack(content))
    assert (response.status_code, response.json()["rows"]) == (201, 9)
    [name] = landed(settings)
    assert name == response.json()["file"]
    assert (settings.data / name).read_bytes() == content


def test_lines_that_are_no_rows_are_counted(client: TestClient):
    response = post(client, POLLS + "a,active\na,b,c,d\na,active,2026-03-11 11:00:00 UTC\n")
    assert (response.json()["rows"], response.json()["malformed_rows"]) == (4, 2)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_line_ends_may_be_mixed(client: TestClient, pack: Any):
    more = b"a,active\r\na,active,2026-03-11 11:00:00 UTC\r\n"
    response = post(client, pack(POLLS.encode() + more))
    assert response.status_code == 201, response.text
    assert (response.json()["rows"], response.json()["malformed_rows"]) == (3, 1)


def test_further_columns_may_share_a_name(client: TestClient):
    response = post(client, "store_id,brand,brand,,\na,x,y,,\n", "stores")
    assert (response.status_code, response.json()["rows"]) == (201, 1)


def test_header_is_read_as_builds_read_it(client: TestClient):
    content = '\ufeff"Store_ID"; DAY ;start_time_local;end_time_local;more\r\na;0;09:00;17:00;x\r\n'
    response = post(client, content, "business_hours")
    assert (response.status_code, response.json()["rows"]) == (201, 1)
    assert response.json()["malformed_rows"] == 0


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        (b"", "The body is empty; a CSV, JSON or Parquet file is expected."),
        (gzip.compress(b""), "The body is empty; a CSV, JSON or Parquet file is expected."),
        (
            HOURS.encode(),
            "No column status in the body, whose columns are: store_id, dayofweek, "
            "start_time_local, end_time_local.",
        ),
        (
            b"store_id,status,Store_ID ,timestamp_utc\n",
            "The column store_id comes 2 times in the body; once is expected.",
        ),
        (
            b"\x89PNG\r\n\x1a\n\x00",
            "The body is a picture.",
        ),
        (
            gzip.compress(POLLS.encode() * 1000)[:-20],
            "The body cannot be read to its end: it is packed with gzip, and its end is missing.",
        ),
        (
            gzip.compress(POLLS.encode()) + b"more",
            "The body cannot be read to its end: it is not what gzip writes "
            "(Error -3 while decompressing data: incorrect header check).",
        ),
        (
            gzip.compress(gzip.compress(b"a")),
            "The body is packed with gzip twice; once is expected.",
        ),
        (b"PAR1 and no more", None),
        (
            b"store_id,status,timestamp_utc\n,,\na,active,3/11/2026 10:00\n",
            "None of the 2 rows counts (1 bad_timestamp, 1 missing_store_id); the first is "
            '\'{"store_id":"a","status":"active","timestamp_utc":"3/11/2026 10:00"}\'.',
        ),
    ],
    ids=[
        "empty",
        "packed",
        "hours",
        "columns",
        "image",
        "cut",
        "trailing",
        "twice",
        "parquet",
        "dates",
    ],
)
def test_what_builds_cannot_read_does_not_land(
    client: TestClient, settings: Settings, content: bytes, detail: str | None
):
    response = post(client, content)
    assert response.headers["content-type"] == "application/problem+json"
    assert response.status_code == 422, response.text
    said = response.json()["detail"]
    assert said == detail or (detail is None and said.endswith("."))
    assert landed(settings) == []


def test_parquet_with_rounded_ids_does_not_land(
    client: TestClient, settings: Settings, tmp_path: Path
):
    content = parquet("select 1e18::double as store_id, 'UTC' as timezone_str", tmp_path)
    response = post(client, content, "timezones")
    assert response.status_code == 422
    assert "(1 rounded_id)" in response.json()["detail"]
    assert landed(settings) == []


@pytest.mark.parametrize("cut", [0.3, 0.9])
def test_parquet_that_was_cut_does_not_land(
    client: TestClient, settings: Settings, tmp_path: Path, cut: float
):
    content = parquet("select 'a' as store_id, 'UTC' as timezone_str from range(5)", tmp_path)
    response = post(client, content[: int(len(content) * cut)], "timezones")
    assert response.status_code == 422
    assert str(settings.data) not in response.json()["detail"]
    assert landed(settings) == []


@pytest.mark.parametrize(
    "media_type",
    ["", "text/plain", "application/x-www-form-urlencoded", "image/png"],
)
def test_what_a_foreign_page_could_send_unasked_is_refused(
    client: TestClient, settings: Settings, media_type: str
):
    response = client.post(
        "/ingest/store_status", content=POLLS, headers={"Content-Type": media_type}
    )
    assert response.status_code == 415
    assert "text/csv" in response.json()["detail"]
    assert landed(settings) == []


def test_other_packing_is_refused(client: TestClient):
    response = client.post(
        "/ingest/store_status", content=POLLS, headers=CSV | {"Content-Encoding": "br"}
    )
    assert (response.status_code, response.headers["accept-encoding"]) == (415, "gzip, zstd")


@pytest.mark.parametrize("dry_run", [False, True])
def test_body_that_is_not_packed_as_told_is_refused(
    client: TestClient, settings: Settings, dry_run: bool
):
    response = client.post(
        f"/ingest/store_status?dry_run={dry_run}",
        content=POLLS,
        headers=CSV | {"Content-Encoding": "gzip"},
    )
    assert (response.status_code, response.json()["detail"]) == (
        422,
        "The Content-Encoding is 'gzip', and the body is not.",
    )
    assert landed(settings) == []


@pytest.mark.parametrize("name", ["rubbish", "menu_hours", "..%2F..%2Fetc", "store_status%00"])
def test_only_inputs_can_be_sent(client: TestClient, settings: Settings, name: str):
    assert post(client, POLLS, name).status_code == 404
    assert landed(settings) == []


def test_dry_runs_that_wait_keep_nobody_else_waiting(
    client: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    publish(settings)
    received, may_end, finish = threading.Semaphore(0), threading.Event(), Upload.finish

    def finish_and_tell(upload: Upload) -> None:
        finish(upload)
        received.release()

    def judge(*_: object) -> Judged:
        may_end.wait()
        return Judged(0, [])

    monkeypatch.setattr(Upload, "finish", finish_and_tell)
    monkeypatch.setattr(client.app.state.judge, "judge", judge)
    more_than_threads = 60
    with ThreadPoolExecutor(more_than_threads) as pool:
        runs = [pool.submit(post, client, POLLS, dry_run="true") for _ in range(more_than_threads)]
        try:
            assert all(received.acquire(timeout=60) for _ in runs)
            assert client.get("/reports").status_code == 200
        finally:
            may_end.set()
        assert {run.result().status_code for run in runs} == {200}


def test_dry_run_that_is_misspelt_does_not_land(client: TestClient, settings: Settings):
    assert post(client, POLLS, dryrun="true").status_code == 422
    assert landed(settings) == []


@pytest.fixture
def small(settings: Settings, builder: FakeBuilder) -> Any:
    limits = {"upload_bytes_max": 1000, "unpacked_bytes_max": 2000}
    return local_client(create_app(settings.model_copy(update=limits), builder))


@pytest.mark.parametrize(
    ("content", "setting"),
    [
        (POLLS.encode() + b"x" * 1000, "STORE_UPTIME_UPLOAD_BYTES_MAX"),
        (iter([POLLS.encode(), b"x" * 1000]), "STORE_UPTIME_UPLOAD_BYTES_MAX"),
        (gzip.compress(POLLS.encode() + b"\n" * 2000), "STORE_UPTIME_UNPACKED_BYTES_MAX"),
    ],
    ids=["length known", "length unknown", "bomb"],
)
def test_too_large_is_refused(small: TestClient, settings: Settings, content: Any, setting: str):
    with small:
        response = post(small, content)
    assert response.status_code == 413
    assert setting in response.json()["detail"]
    assert landed(settings) == []


def test_parquet_bomb_is_refused(small: TestClient, settings: Settings, tmp_path: Path):
    content = parquet(
        "select i::varchar || 'xxxxxxxx' as store_id, 'UTC' as timezone_str from range(500) t(i)",
        tmp_path,
    )
    roomy = settings.model_copy(update={"unpacked_bytes_max": len(content) + 10})
    with local_client(create_app(roomy, FakeBuilder(settings))) as client:
        response = post(client, content, "timezones")
    assert response.status_code == 413
    assert landed(settings) == []


def test_sample_stays_as_it_is(settings: Settings, builder: FakeBuilder):
    on_sample = settings.model_copy(update={"data": PROJECT / "seeds"})
    before = sorted(os.listdir(PROJECT / "seeds"))
    with local_client(create_app(on_sample, builder)) as client:
        response = post(client, POLLS)
    assert response.status_code == 409
    assert "STORE_UPTIME_DATA" in response.json()["detail"]
    assert sorted(os.listdir(PROJECT / "seeds")) == before


@pytest.mark.parametrize("has_file", [False, True])
def test_folder_with_the_inputs_that_is_none_is_said(
    client: TestClient, settings: Settings, has_file: bool
):
    shutil.rmtree(settings.data)
    if has_file:
        settings.data.touch()
    for response in (post(client, POLLS), client.get(f"/ingest/{'0' * 64}")):
        assert response.status_code == 503
        assert response.json()["detail"].startswith("There is no folder where STORE_UPTIME_DATA")
    assert post(client, POLLS, dry_run="true").status_code == 200
    assert client.get("/metrics").status_code == 200


def test_folder_that_goes_while_an_upload_comes_is_said(
    client: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    land = client.app.state.landing.land

    def remove_folder(*values: Any) -> Any:
        shutil.rmtree(settings.data)
        return land(*values)

    monkeypatch.setattr(client.app.state.landing, "land", remove_folder)
    response = post(client, POLLS)
    assert response.status_code == 503
    assert response.json()["detail"] == "There is no folder where STORE_UPTIME_DATA says."


def test_full_disk_is_said(client: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch):
    def full(upload: Upload, chunk: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Upload, "write", full)
    response = post(client, POLLS)
    assert response.status_code == 507
    assert response.json()["detail"] == "There is no room for the upload: No space left on device."
    assert landed(settings) == []


def test_body_that_breaks_off_does_not_land(
    client: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    async def broken(request: Request) -> Any:
        yield POLLS.encode()
        raise ClientDisconnect

    monkeypatch.setattr(Request, "stream", broken)
    assert post(client, POLLS).status_code == 400
    assert landed(settings) == []


def test_acknowledged_is_on_disk(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    done = []
    monkeypatch.setattr("os.fsync", lambda file: done.append(os.readlink(f"/proc/self/fd/{file}")))
    upload = Upload(settings.data, 1000, 1000, 1000)
    upload.write(POLLS.encode())
    upload.finish()
    landing = Landing(settings.data)
    landing.land(upload, "store_status", replaces=False)
    assert done == [str(upload.path), str(settings.data)]


def test_upload_that_is_being_written_is_no_input(settings: Settings):
    before = input_files(settings.data)
    upload = Upload(settings.data, 1000, 1000, 1000)
    upload.write(POLLS.encode())
    assert input_files(settings.data) == before
    upload.discard()
    assert landed(settings) == []


def test_what_a_killed_service_left_goes_in_time(settings: Settings):
    old, young = Upload(settings.data, 9, 9, 9), Upload(settings.data, 9, 9, 9)
    os.utime(old.path, (0, 0))
    remove_abandoned(settings.data)
    assert [old.path.exists(), young.path.exists()] == [False, True]


def test_receipt_tells_when_the_upload_is_in_a_release(client: TestClient, settings: Settings):
    receipt = post(client, "store_id,status,timestamp_utc\n").json()
    url = f"/ingest/{receipt['sha256']}"
    before = client.get(url).json()
    assert before | {"landed_at": None} == {
        "input": "store_status",
        "file": receipt["file"],
        "sha256": receipt["sha256"],
        "landed_at": None,
        "is_in_newest_release": False,
        "release": None,
    }
    assert publish(settings)
    after = client.get(url).json()
    assert (after["is_in_newest_release"], after["release"] is None) == (True, False)


@pytest.mark.parametrize("name", ["x", "A" * 64, "0" * 64, "store_status", "%2e%2e"])
def test_unknown_receipt_is_not_found(client: TestClient, name: str):
    assert client.get(f"/ingest/{name}").status_code == 404


def test_bytes_do_not_depend_on_how_they_come(settings: Settings):
    packed = gzip.compress(POLLS.encode() * 100)
    uploads = []
    for size in (1, 7, 1 << 20):
        upload = Upload(settings.data, 10**6, 10**6, 10**6)
        stream = io.BytesIO(packed)
        while chunk := stream.read(size):
            upload.write(chunk)
        upload.finish()
        uploads.append((upload.sha256, upload.size, upload.format))
        upload.discard()
    assert set(uploads) == {(sha256(POLLS * 100), len(POLLS) * 100, "csv.gz")}


def test_end_of_a_packed_body_is_needed(settings: Settings):
    upload = Upload(settings.data, 1000, 1000, 1000)
    upload.write(gzip.compress(POLLS.encode())[:-1])
    with pytest.raises(HTTPException, match="end is missing"):
        upload.finish()
    upload.discard()


@pytest.mark.parametrize(
    ("content", "ending"),
    [
        (
            b'[{"store_id": "a", "status": "active", "timestamp_utc": "2026-03-11 10:00:00"}]',
            "json",
        ),
        (b'{"store_id":"a","status":"active","timestamp_utc":"2026-03-11T10:00Z"}\n' * 2, "json"),
        (zstandard.compress(POLLS.encode()), "csv.zst"),
        (gzip.compress(b'[{"store_id":1,"status":"active","timestamp_utc":"x"}, {}]'), None),
    ],
    ids=["array", "lines", "zstd", "unreadable"],
)
def test_formats_are_known_by_their_content(
    client: TestClient, settings: Settings, content: bytes, ending: str | None
):
    response = post(client, content)
    if ending is None:
        assert response.status_code == 422, response.text
        assert landed(settings) == []
        return
    assert response.status_code == 201, response.text
    assert response.json()["rejected_rows"] == 0
    assert landed(settings) == [response.json()["file"]]
    assert response.json()["file"].endswith(f".{ending}")


def test_receipt_counts_what_will_be_set_aside(client: TestClient):
    more = "a,active\na,paused,2026-03-11 10:00:00 UTC\n,active,2026-03-11 10:00:00 UTC\n"
    for params in ({"dry_run": "true"}, {}):
        said = post(client, POLLS + more, **params).json()
        assert (said["rows"], said["rejected_rows"]) == (4, 3)
    assert said["rejected"] == {"malformed_row": 1, "missing_store_id": 1, "unknown_status": 1}
    assert said["malformed_rows"] == 1


def test_text_in_another_encoding_is_counted_in_every_column(client: TestClient):
    """A value that no one asks for is read by builds, too."""
    content = b"store_id,brand\nA,Caf\xe9\nB,Pizza\n"
    for params in ({"dry_run": "true"}, {}):
        said = post(client, content, "stores", **params).json()
        assert (said["rows"], said["rejected_rows"]) == (2, 1)
    assert (said["malformed_rows"], said["rejected"]) == (1, {"malformed_row": 1})


@pytest.mark.parametrize(
    "column", ["timestamp_utc", "status", "file_key", "line_number", "raw_values", "rejected_as"]
)
def test_stores_take_any_column(client: TestClient, column: str):
    response = post(client, f"store_id,brand,{column}\nA,Pizza,2026-01-01\n", "stores")
    assert (response.status_code, response.json()["rejected_rows"]) == (201, 0)


def test_days_that_would_stop_builds_do_not_land(client: TestClient, settings: Settings):
    header = "store_id,day,start_time_local,end_time_local\n"
    days = "".join(f"a,{day},09:00:00,17:00:00\n" for day in range(1, 8))
    response = post(client, header + days, "business_hours")
    assert response.status_code == 422
    assert response.json()["detail"].startswith("The days go up to 7, without any 0")
    assert landed(settings) == []


def test_header_alone_may_stand_for_all_that_was_sent_before(client: TestClient):
    post(client, POLLS)
    response = post(client, POLLS.partition("\n")[0] + "\n", replace="true")
    assert (response.status_code, response.json()["rows"]) == (201, 0)


def test_header_alone_adds_nothing(client: TestClient, settings: Settings):
    response = post(client, "store_id,timezone_str\n", "timezones")
    assert (response.status_code, response.json()["rows"]) == (201, 0)
    assert len(landed(settings)) == 1


def test_the_last_polls_cannot_be_taken_back(client: TestClient, settings: Settings):
    post(client, POLLS)
    (settings.data / "store_status.csv").write_text(POLLS.partition("\n")[0] + "\n")
    load(settings.data, settings.db.parent / "lake")
    response = post(client, POLLS.partition("\n")[0] + "\n", replace="true")
    assert response.status_code == 422
    assert "Without the polls that came by HTTP there would be none" in response.json()["detail"]
    assert len(landed(settings)) == 1
    assert post(client, POLLS.replace("a,", "b,"), replace="true").status_code == 201


@pytest.mark.parametrize(
    "content",
    [
        POLLS.encode() * 60,
        gzip.compress(POLLS.encode() + b"\n" * 60),
        b"[" + b",".join([b"{}"] * 60) + b"]",
        b"store_id,status,timestamp_utc\r" + b"a,active,2026\r" * 60,
    ],
    ids=["rows", "line ends", "objects", "carriage returns"],
)
def test_too_many_rows_are_refused(
    settings: Settings, builder: FakeBuilder, content: bytes, tmp_path: Path
):
    few = settings.model_copy(update={"upload_rows_max": 50})
    with local_client(create_app(few, builder)) as client:
        responses = [post(client, content)]
        many = "select 'a' as store_id, 'UTC' as timezone_str from range(51)"
        responses.append(post(client, parquet(many, tmp_path), "timezones"))
    for response in responses:
        assert response.status_code == 413, response.text
        assert "STORE_UPTIME_UPLOAD_ROWS_MAX" in response.json()["detail"]
    assert landed(settings) == []


def test_what_takes_too_long_to_judge_is_refused(settings: Settings, builder: FakeBuilder):
    hasty = settings.model_copy(update={"upload_seconds_max": 1e-4})
    with local_client(create_app(hasty, builder)) as client:
        responses = [
            post(client, POLLS * 100_000),
            post(client, json.dumps([{"store_id": "a"}] * 100_000)),
        ]
    for response in responses:
        assert response.status_code == 413
        assert "STORE_UPTIME_UPLOAD_SECONDS_MAX" in response.json()["detail"]
    assert landed(settings) == []


def test_blanks_in_front_cost_no_time(client: TestClient):
    content = gzip.compress(b" " * 100_000_000 + b"[]", 1)
    began = time.process_time()
    response = post(client, content, "timezones")
    assert (response.status_code, response.json()["rows"]) == (201, 0), response.text
    assert time.process_time() - began < 5


def test_without_compiled_models_nothing_is_acknowledged(
    client: TestClient, settings: Settings, monkeypatch: pytest.MonkeyPatch
):
    forget_staging(settings.db.parent / "target")
    monkeypatch.setattr(uploads, "_WAIT_SECONDS", 0)
    assert post(client, POLLS).status_code == 503
    assert landed(settings) == []


def test_models_are_compiled_by_another_worker_if_the_one_there_was_has_died(
    client: TestClient,
    settings: Settings,
    builder: FakeBuilder,
    staging: Staging,
    monkeypatch: pytest.MonkeyPatch,
):
    target = settings.db.parent / "target"
    forget_staging(target)
    monkeypatch.setattr(builder, "warm_up", lambda: write_staging(staging, target))
    assert post(client, POLLS).status_code == 201
