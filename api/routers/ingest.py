"""Inputs by HTTP: an upload is checked, becomes a file among the inputs, and has a receipt."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import duckdb
from fastapi import APIRouter, Query, Request
from fastapi import Path as PathParameter
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api.disk import folder_fault
from api.errors import declared, quoted
from api.forms import file_in_form
from api.judging import Judged, UnjudgedError
from api.landing import LandingError
from api.releases import NoReleaseError
from api.uploads import TooLargeError, Upload, UploadError
from loader.inputs import INPUTS

router = APIRouter(tags=["inputs"])

# What a page of someone else could have a browser send without asking (plain text, no type at all)
# is not among them; of a form the gate looks at where it comes from.
_FORM = "multipart/form-data"
MEDIA_TYPES = (
    "text/csv",
    "application/csv",
    "application/json",
    "application/jsonl",
    "application/x-ndjson",
    "application/vnd.apache.parquet",
    "application/x-parquet",
    "application/gzip",
    "application/x-gzip",
    "application/zstd",
    "application/octet-stream",
    _FORM,
)
_ROWS = {"type": "array", "items": {"type": "object"}}
_EXAMPLE = [{"store_id": "a", "status": "active", "timestamp_utc": "2026-03-12T18:00:00Z"}]
# How a body is packed, by what the header may say of it.
_ENCODINGS = {"gzip": ".gz", "x-gzip": ".gz", "zstd": ".zst"}
_CHUNK_BYTES = 1 << 20
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

Sha256 = Annotated[str, PathParameter(description="The `sha256` of a receipt.")]


class Receipt(BaseModel):
    """An upload that is an input from now on."""

    input: str
    file: str = Field(description="Name of the file in the folder with the inputs.")
    sha256: str = Field(description="SHA-256 of the content, unpacked; ask for it later.")
    bytes: int = Field(description="Size of the content, unpacked.")
    rows: int = Field(description="Rows after the header, malformed ones included.")
    malformed_rows: int = Field(
        description="Lines that builds will set aside because they do not fit the header."
    )
    rejected_rows: int = Field(
        description="Rows that builds will set aside for what they are, malformed ones included. "
        "Which rows contradict others shows in a build."
    )
    rejected: dict[str, int] = Field(
        description="How many rows are set aside for each reason; see the table `rejected_rows`.",
        examples=[{"bad_timestamp": 2}],
    )
    is_new: bool = Field(description="False if this content had landed before.")


class RejectedRow(BaseModel):
    """A row that a build would set aside; see the table `rejected_rows`."""

    line_number: int | None
    store_id: str | None
    raw_values: str | None


class RejectedRows(BaseModel):
    """The rows that a build would set aside for one reason."""

    reason: str = Field(examples=["bad_timestamp"])
    rows: int
    samples: list[RejectedRow] = Field(description="The first of them.")


class Judgement(BaseModel):
    """What a build would make of an upload, which was not kept."""

    input: str
    sha256: str
    bytes: int
    rows: int
    rejected_rows: int = Field(
        description="How many rows builds will set aside for what they are. Which rows "
        "contradict others shows in a build."
    )
    rejected: list[RejectedRows]


class Arrival(BaseModel):
    """How far an upload has come."""

    input: str
    file: str
    sha256: str
    landed_at: datetime
    is_in_newest_release: bool = Field(
        description="Whether the newest release was built with this file."
    )
    release: str | None = Field(description="The newest release, if there is one.")


@router.post(
    "/ingest/{name}",
    status_code=201,
    responses={
        200: {
            "model": Receipt | Judgement,
            "description": "The content had landed before, or the judgement of a dry run.",
        },
        201: {"model": Receipt, "description": "The upload is an input from now on."},
        **declared(400, 403, 404, 409, 413, 415, 422, 503, 507),
    },
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": "CSV with a header, JSON (an array of objects, or one on each line) "
            "or Parquet; may be packed with gzip or Zstandard. What it is shows by itself; the "
            f"type may also be one of {', '.join(f'`{kind}`' for kind in MEDIA_TYPES)}.",
            "content": {
                "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
                "application/json": {"schema": _ROWS, "example": _EXAMPLE},
                _FORM: {
                    "schema": {
                        "title": "UploadForm",
                        "type": "object",
                        "properties": {"file": {"type": "string", "format": "binary"}},
                        "required": ["file"],
                    }
                },
            },
        }
    },
)
async def ingest(
    request: Request,
    name: Annotated[
        str,
        PathParameter(
            description="The input: `store_status`, `business_hours` or `timezones`; or an "
            "optional one, `special_hours`, `exclusions`, `stores` or `uptime_targets`.",
            examples=["store_status"],
        ),
    ],
    dry_run: Annotated[
        bool, Query(description="Only tell which rows a build would reject, and keep nothing.")
    ] = False,
    replace: Annotated[
        bool,
        Query(
            description="Have this upload take the place of all that came by HTTP for this input."
        ),
    ] = False,
) -> JSONResponse:
    """Add a file to an input, whole or not at all: with the answer it is in the next report.

    All files of an input count together. Polls add up. Hours add up too: a store is open when
    one of the files says so. Of several time zones of a store the one that came last holds, and
    so do the attributes in `stores`: files come in the order in which they arrived (the earlier of
    the time of last change and when a build first saw it), then by name, numbers in it as numbers;
    uploads in the order in which they were sent. The row that loses names the file that holds.
    An upload of which no row would count is refused; one without any rows is taken, and adds
    nothing.
    Send `replace=true` where a file is meant to stand for all that was sent before; a header alone
    takes all that back, but for the last polls that there are.
    """
    _check_request(request, name)
    settings, judge = request.app.state.settings, request.app.state.judge
    with _refusals(settings.data):
        if not dry_run:
            request.app.state.landing.check()
            _check_folder(settings.data, is_written=True)
        upload = Upload(
            judge.folder if dry_run else settings.data,
            settings.upload_bytes_max,
            settings.unpacked_bytes_max,
            settings.upload_rows_max,
        )
        try:
            await _receive(request, upload)
            async with judge.turn:
                judged = await run_in_threadpool(judge.judge, upload, name, replace)
            answer: Receipt | Judgement
            if dry_run:
                answer = _judgement(upload, name, judged)
            else:
                answer = await run_in_threadpool(_land, request, upload, name, judged, replace)
        finally:
            await run_in_threadpool(upload.discard)
    status = 201 if isinstance(answer, Receipt) and answer.is_new else 200
    return JSONResponse(answer.model_dump(), status)


@router.get("/ingest/{name}", responses=declared(403, 404, 422, 503))
def get_arrival(request: Request, name: Sha256) -> Arrival:
    """Say whether an upload is in the newest release, by the `sha256` of its receipt."""
    _check_folder(request.app.state.settings.data)
    landed = request.app.state.landing.find(name) if _is_sha256(name) else None
    if landed is None:
        raise HTTPException(404, f"There is no upload {quoted(name)}; a receipt has its sha256.")
    release, is_in = None, False
    try:
        with request.app.state.shared_releases.open_newest() as (newest, connection):
            release = newest.release_id
            is_in = _has_file(connection, landed.path)
    except NoReleaseError:
        pass
    return Arrival(
        input=landed.input,
        file=landed.path.name,
        sha256=landed.sha256,
        landed_at=landed.landed_at,
        is_in_newest_release=is_in,
        release=release,
    )


@contextmanager
def _refusals(data: Path) -> Iterator[None]:
    """Raise HTTPException for what goes wrong with an upload to the folder `data`."""
    try:
        yield
    except TooLargeError as error:
        raise HTTPException(413, str(error)) from None
    except UploadError as error:
        raise HTTPException(422, str(error)) from None
    except UnjudgedError as error:
        raise HTTPException(503, str(error)) from None
    except LandingError as error:
        raise HTTPException(409, str(error)) from None
    except OSError as error:
        if error.errno not in _FULL:
            _check_folder(data)
            raise
        raise HTTPException(507, f"There is no room for the upload: {error.strerror}.") from None


def _check_folder(data: Path, is_written: bool = False) -> None:
    """Raise HTTPException 503 if the folder with the inputs cannot be used."""
    if fault := folder_fault(data, is_written):
        raise HTTPException(503, fault)


def _check_request(request: Request, name: str) -> None:
    """Refuse what need not be read to be refused."""
    accepted = list(INPUTS)
    if name not in accepted:
        raise HTTPException(
            404, f"There is no input {quoted(name)}; there are {', '.join(accepted)}."
        )
    media_type = _media_type(request)
    if media_type not in MEDIA_TYPES:
        raise HTTPException(
            415,
            f"The Content-Type is {quoted(media_type)}; it takes {', '.join(MEDIA_TYPES)}.",
            {"Accept": ", ".join(MEDIA_TYPES)},
        )
    encoding = _encoding(request)
    if encoding not in ("", "identity", *_ENCODINGS):
        raise HTTPException(
            415,
            f"The Content-Encoding is {quoted(encoding)}; it takes gzip or zstd.",
            {"Accept-Encoding": "gzip, zstd"},
        )
    bytes_max = request.app.state.settings.upload_bytes_max
    length = request.headers.get("Content-Length", "")
    if length.isdecimal() and int(length) > bytes_max:
        raise HTTPException(
            413,
            f"The body has {length} bytes; STORE_UPTIME_UPLOAD_BYTES_MAX allows {bytes_max}. "
            "Send it packed or in parts.",
        )


async def _receive(request: Request, upload: Upload) -> None:
    """Write the body to disk in pieces, beside whatever else the service does."""
    held = bytearray()
    content = file_in_form(request) if _media_type(request) == _FORM else request.stream()
    try:
        async for chunk in content:
            held += chunk
            if len(held) >= _CHUNK_BYTES:
                await run_in_threadpool(upload.write, bytes(held))
                held.clear()
    except ClientDisconnect:
        raise HTTPException(400, "The body ended before its end.") from None
    if held:
        await run_in_threadpool(upload.write, bytes(held))
    await run_in_threadpool(upload.finish)
    encoding = _encoding(request)
    if encoding in _ENCODINGS and upload.packing != _ENCODINGS[encoding]:
        raise UploadError(f"The Content-Encoding is {quoted(encoding)}, and the body is not.")


def _media_type(request: Request) -> str:
    return request.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _encoding(request: Request) -> str:
    return request.headers.get("Content-Encoding", "").strip().lower()


def _land(request: Request, upload: Upload, name: str, judged: Judged, replace: bool) -> Receipt:
    landed, is_new = request.app.state.landing.land(upload, name, replace)
    return Receipt(
        input=name,
        file=landed.path.name,
        sha256=upload.sha256,
        bytes=upload.size,
        rows=judged.rows,
        malformed_rows=judged.rows_of("malformed_row"),
        rejected_rows=judged.rejected_rows,
        rejected={found.reason: found.rows for found in judged.rejected},
        is_new=is_new,
    )


def _judgement(upload: Upload, name: str, judged: Judged) -> Judgement:
    return Judgement(
        input=name,
        sha256=upload.sha256,
        bytes=upload.size,
        rows=judged.rows,
        rejected_rows=judged.rejected_rows,
        rejected=[RejectedRows.model_validate(vars(found)) for found in judged.rejected],
    )


def _has_file(connection: duckdb.DuckDBPyConnection, path: Path) -> bool:
    return bool(
        connection.execute(
            "select 1 from input_files where ends_with(file, ?)", [f"/{path.name}"]
        ).fetchone()
    )


def _is_sha256(text: str) -> bool:
    return len(text) == 64 and set(text) <= set("0123456789abcdef")
