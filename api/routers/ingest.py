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

from api.builds import BuildError
from api.disk import folder_fault
from api.errors import declared, quoted
from api.input_checks import check
from api.input_columns import input_columns
from api.landing import LandingError
from api.releases import NoReleaseError
from api.uploads import TooLargeError, Upload, UploadError

router = APIRouter(tags=["inputs"])

# What a page of someone else could have a browser send without asking (a form, plain text, no
# type at all) is not among them.
MEDIA_TYPES = (
    "text/csv",
    "application/csv",
    "application/vnd.apache.parquet",
    "application/x-parquet",
    "application/gzip",
    "application/x-gzip",
    "application/octet-stream",
)
_GZIP = ("gzip", "x-gzip")
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
        description="How many rows a build of this file alone would set aside. Rows that "
        "contradict those of other files show only in a build."
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
            "description": "CSV with a header, or Parquet; CSV may be packed with gzip.",
            "content": {
                media_type: {"schema": {"type": "string", "format": "binary"}}
                for media_type in MEDIA_TYPES
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
    one of the files says so. Of several time zones of a store the one that came last holds.
    Send `replace=true` where a file is meant to stand for all that was sent before.
    """
    _check_request(request, name)
    settings, dry_runs = request.app.state.settings, request.app.state.dry_runs
    with _refusals(settings.data):
        if not dry_run:
            request.app.state.landing.check()
            _check_folder(settings.data, is_written=True)
        upload = Upload(
            dry_runs.folder if dry_run else settings.data,
            settings.upload_bytes_max,
            settings.unpacked_bytes_max,
        )
        try:
            await _receive(request, upload)
            answer: Receipt | Judgement
            if dry_run:
                async with dry_runs.turn:
                    answer = await run_in_threadpool(_judge, request, upload, name)
            else:
                answer = await run_in_threadpool(_land, request, upload, name, replace)
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
    accepted = list(input_columns())
    if name not in accepted:
        raise HTTPException(
            404, f"There is no input {quoted(name)}; there are {', '.join(accepted)}."
        )
    media_type = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type not in MEDIA_TYPES:
        raise HTTPException(
            415,
            f"The Content-Type is {quoted(media_type)}; it takes {', '.join(MEDIA_TYPES)}.",
            {"Accept": ", ".join(MEDIA_TYPES)},
        )
    encoding = _encoding(request)
    if encoding not in ("", "identity", *_GZIP):
        raise HTTPException(
            415,
            f"The Content-Encoding is {quoted(encoding)}; it takes gzip.",
            {"Accept-Encoding": "gzip"},
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
    try:
        async for chunk in request.stream():
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
    if encoding in _GZIP and not upload.is_packed:
        raise UploadError(
            f"The Content-Encoding is {quoted(encoding)}, and the body is not packed with gzip."
        )


def _encoding(request: Request) -> str:
    return request.headers.get("Content-Encoding", "").strip().lower()


def _land(request: Request, upload: Upload, name: str, replace: bool) -> Receipt:
    rows = check(upload, name, request.app.state.settings.unpacked_bytes_max)
    landed, is_new = request.app.state.landing.land(upload, name, replace)
    return Receipt(
        input=name,
        file=landed.path.name,
        sha256=upload.sha256,
        bytes=upload.size,
        rows=rows.rows,
        malformed_rows=rows.malformed_rows,
        is_new=is_new,
    )


def _judge(request: Request, upload: Upload, name: str) -> Judgement:
    rows = check(upload, name, request.app.state.settings.unpacked_bytes_max)
    try:
        rejected = request.app.state.dry_runs.rejected(upload, name)
    except BuildError as error:
        raise HTTPException(503, f"The dry run failed: {error}") from None
    return Judgement(
        input=name,
        sha256=upload.sha256,
        bytes=upload.size,
        rows=rows.rows,
        rejected_rows=sum(reason.rows for reason in rejected),
        rejected=[RejectedRows.model_validate(vars(reason)) for reason in rejected],
    )


def _has_file(connection: duckdb.DuckDBPyConnection, path: Path) -> bool:
    return bool(
        connection.execute(
            "select 1 from input_files where ends_with(file, ?)", [f"/{path.name}"]
        ).fetchone()
    )


def _is_sha256(text: str) -> bool:
    return len(text) == 64 and set(text) <= set("0123456789abcdef")
