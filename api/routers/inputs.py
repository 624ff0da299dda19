"""Inputs by HTTP: uploads are checked and become files among the inputs, which can be listed."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import Path as PathParameter
from fastapi import Query, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api.access import needs
from api.disk import folder_fault, is_full
from api.errors import BusyError, declared, quoted
from api.inputs import InputFile, Landed, encoded, file_put_by_hand, listed_inputs
from api.pages import Cursor, Limit, ListPage, cut, read_cursor, rows_on_page
from api.reading import refuse_unknown, router_of
from api.releases import NoReleaseError
from api.uploads import Judged, RejectedRows, Upload, file_in_form
from loader.inputs import INPUTS

router = router_of("inputs")

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

_needed = needs("ingest", every_store=True)
_ORDER = "inputs"
_REFUSALS = declared(400, 404, 409, 413, 415, 422, 507)

Sha256 = Annotated[str, PathParameter(description="The `sha256` of a receipt.")]
InputName = Annotated[
    str,
    PathParameter(
        description="The input: `store_status`, `business_hours` or `timezones`; or an "
        "optional one, `special_hours`, `exclusions`, `stores` or `uptime_targets`.",
        examples=["store_status"],
    ),
]
_BODY: dict[str, Any] = {
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
}


class _Counted(BaseModel):
    input: str
    sha256: str = Field(description="SHA-256 of the content, unpacked; ask for it later.")
    bytes: int = Field(description="Size of the content, unpacked.")
    rows: int = Field(description="Rows after the header, malformed ones included.")
    rejected_rows: int = Field(
        description="Rows that builds will set aside for what they are, malformed ones included. "
        "Which rows contradict others shows in a build."
    )


class Receipt(_Counted):
    """An upload that is an input from now on."""

    id: str = Field(description="By which it can be removed; see `/inputs`.")
    file: str = Field(description="Name of the file in the folder with the inputs.")
    malformed_rows: int = Field(
        description="Lines that builds will set aside because they do not fit the header."
    )
    rejected: dict[str, int] = Field(
        description="How many rows are set aside for each reason; see the table `rejected_rows`.",
        examples=[{"bad_timestamp": 2}],
    )
    is_new: bool = Field(description="False if this content had landed before.")


class Judgement(_Counted):
    """What a build would make of an upload, which was not kept."""

    rejected: list[RejectedRows]


class InputsPage(ListPage):
    """Files, by input and name."""

    inputs: list[InputFile]


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
        **_REFUSALS,
    },
    openapi_extra=_BODY,
)
@_needed
async def ingest(
    request: Request,
    name: InputName,
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
    landing = request.app.state.landing
    replaced = None
    if replace:
        replaced = [landed.path.name for landed in await run_in_threadpool(landing.uploads, name)]
    async with _judged(request, name, replaced, is_kept=not dry_run) as (upload, judged):
        if dry_run:
            judgement = Judgement(**_counted(upload, name, judged), rejected=judged.rejected)
            return JSONResponse(judgement.model_dump())
        landed, is_new = await run_in_threadpool(landing.land, upload, name, replace)
    return _receipt(request, upload, judged, landed, is_new)


@router.put(
    "/inputs/{input}/{name}",
    responses={
        200: {"model": Receipt, "description": "The upload of this name is another from now on."},
        201: {"model": Receipt, "description": "The upload is an input from now on."},
        **_REFUSALS,
    },
    openapi_extra=_BODY,
)
@_needed
async def put_input(
    request: Request,
    input: InputName,
    name: Annotated[
        str,
        PathParameter(
            min_length=1,
            description="A name of your own, or that of the file in a receipt.",
            examples=["berlin.csv"],
        ),
    ],
) -> JSONResponse:
    """Send a file under a name, and again: it takes the place of the one sent so before, at once.

    It stands where that one stood among the files of the input. What somebody put into the folder
    by hand is never replaced.
    """
    landing, settings = request.app.state.landing, request.app.state.settings
    if by_hand := await run_in_threadpool(file_put_by_hand, settings.data, input, name):
        raise HTTPException(
            409,
            f"{quoted(by_hand)} was put into the folder by hand, and is not replaced; change it "
            "there, or send this under another name.",
        )
    before = await run_in_threadpool(landing.named, input, name)
    if before is None:
        # One that is too long is refused at once.
        encoded(name)
    replaced = [before.path.name] if before else None
    async with _judged(request, input, replaced) as (upload, judged):
        landed, before = await run_in_threadpool(landing.put, upload, input, name)
    is_new = before is None or before.path != landed.path
    return _receipt(request, upload, judged, landed, is_new, 200 if before else 201)


@router.get("/inputs", responses=declared(422))
@_needed
def list_inputs(
    request: Request,
    input: Annotated[str | None, Query(description="Only files of this input.")] = None,
    limit: Limit = None,
    cursor: Cursor = None,
) -> InputsPage:
    """List the files as the loader sees them, those among them that it does not read."""
    limit = rows_on_page(request, limit)
    if input is not None:
        refuse_unknown("input", input, list(INPUTS))
    last = read_cursor(cursor, _ORDER, str, str)
    settings = request.app.state.settings
    _check_folder(settings.data)
    listed = listed_inputs(settings.data, settings.lake, request.app.state.landing)
    found = [
        file
        for file in listed
        if input in (None, file.input) and (last is None or (file.input, file.file) > last)
    ]
    inputs, next_cursor = cut(found, limit, _ORDER, lambda file: (file.input, file.file))
    senders = request.app.state.access.log.senders([file.file for file in inputs])
    for file in inputs:
        file.by = senders.get(file.file)
    return InputsPage(inputs=inputs, next_cursor=next_cursor)


@router.delete("/inputs/{id:path}", status_code=204, responses=declared(404, 409, 422, 507))
@_needed
def delete_input(
    request: Request,
    id: Annotated[
        str, PathParameter(description="Of a receipt, or of the list; or the name of the file.")
    ],
) -> None:
    """Remove an upload: the next report is without it.

    What somebody put into the folder by hand is never removed, nor is what builds cannot do
    without.
    """
    state = request.app.state

    def why_not(landed: Landed) -> str | None:
        return state.judge.why_not_without(landed.input, landed.path.name)

    with _room(state.settings.data):
        _check_folder(state.settings.data, is_written=True)
        removed = state.landing.remove(id, why_not)
    if removed is not None:
        request.state.audit = {"file": removed.path.name}
    elif by_hand := file_put_by_hand(state.settings.data, None, id):
        raise HTTPException(
            409,
            f"{quoted(by_hand)} was put into the folder by hand; only what came by HTTP is removed "
            "here.",
        )
    else:
        raise HTTPException(404, f"There is no input {quoted(id)}; GET /inputs lists them all.")


@router.get("/ingest/{name}", responses=declared(404, 422))
@_needed
def get_arrival(request: Request, name: Sha256) -> Arrival:
    """Say whether an upload is in the newest release, by the `sha256` of its receipt."""
    _check_folder(request.app.state.settings.data)
    landed = request.app.state.landing.find(name)
    if landed is None:
        raise HTTPException(404, f"There is no upload {quoted(name)}; a receipt has its sha256.")
    release = found = None
    with (
        suppress(NoReleaseError),
        request.app.state.shared_releases.open_newest() as (newest, connection),
    ):
        release = newest.release_id
        found = connection.execute(
            "select 1 from input_files where ends_with(file, ?)", [f"/{landed.path.name}"]
        ).fetchone()
    return Arrival(
        input=landed.input,
        file=landed.path.name,
        sha256=landed.sha256,
        landed_at=landed.landed_at,
        is_in_newest_release=found is not None,
        release=release,
    )


@asynccontextmanager
async def _judged(
    request: Request, name: str, replaced: list[str] | None, is_kept: bool = True
) -> AsyncIterator[tuple[Upload, Judged]]:
    """Receive an upload and have it judged; it goes unless it has landed in the end."""
    _check_request(request, name)
    settings, judge = request.app.state.settings, request.app.state.judge
    with _room(settings.data):
        if is_kept:
            await run_in_threadpool(_check_room, request, not replaced)
        if judge.places.locked():
            raise BusyError("More uploads are coming than STORE_UPTIME_UPLOADS_AT_ONCE allows.")
        upload = Upload(
            settings.data if is_kept else judge.folder,
            settings.upload_bytes_max,
            settings.unpacked_bytes_max,
            settings.upload_rows_max,
        )
        try:
            async with judge.places:
                await _receive(request, upload)
                async with judge.turn:
                    judged = await run_in_threadpool(judge.judge, upload, name, replaced)
                yield upload, judged
        finally:
            await run_in_threadpool(upload.discard)


def _check_room(request: Request, is_further: bool) -> None:
    """Refuse an upload where none is to be written, or one that would be one file too many."""
    landing, settings = request.app.state.landing, request.app.state.settings
    landing.check()
    _check_folder(settings.data, is_written=True)
    if is_further and len(landing.uploads()) >= settings.upload_files_max:
        raise HTTPException(
            422,
            f"The folder has {settings.upload_files_max} files that came by HTTP, the most that "
            "STORE_UPTIME_UPLOAD_FILES_MAX allows; remove some, or send one with replace=true that "
            "stands for all of its input.",
        )


def _check_folder(data: Path, is_written: bool = False) -> None:
    """Raise HTTPException 503 if the folder with the inputs cannot be used."""
    if fault := folder_fault(data, "data", is_written):
        raise HTTPException(503, fault)


@contextmanager
def _room(data: Path) -> Iterator[None]:
    """Say in a sentence if the disk is full, or the folder with the inputs has gone meanwhile."""
    try:
        yield
    except OSError as error:
        if is_full(error):
            said = f"There is no room for the upload: {error.strerror}."
            raise HTTPException(507, said) from None
        _check_folder(data)
        raise


def _check_request(request: Request, name: str) -> None:
    """Refuse what need not be read to be refused."""
    if name not in INPUTS:
        known = ", ".join(INPUTS)
        raise HTTPException(404, f"There is no input {quoted(name)}; there are {known}.")
    media_type = _media_type(request)
    if media_type not in MEDIA_TYPES:
        known = ", ".join(MEDIA_TYPES)
        raise HTTPException(
            415, f"The Content-Type is {quoted(media_type)}; it takes {known}.", {"Accept": known}
        )
    encoding = _encoding(request)
    if encoding not in ("", "identity", *_ENCODINGS):
        raise HTTPException(
            415,
            f"The Content-Encoding is {quoted(encoding)}; it takes gzip or zstd.",
            {"Accept-Encoding": "gzip, zstd"},
        )


async def _receive(request: Request, upload: Upload) -> None:
    """Write the body to disk in pieces, beside whatever else the service does."""
    length = request.headers.get("Content-Length", "")
    upload.check_length(int(length) if length.isdecimal() else 0)
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
    await run_in_threadpool(upload.write, bytes(held))
    await run_in_threadpool(upload.finish)
    encoding = _encoding(request)
    if encoding in _ENCODINGS and upload.packing != _ENCODINGS[encoding]:
        raise HTTPException(
            422, f"The Content-Encoding is {quoted(encoding)}, and the body is not."
        )


def _media_type(request: Request) -> str:
    return request.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _encoding(request: Request) -> str:
    return request.headers.get("Content-Encoding", "").strip().lower()


def _receipt(
    request: Request,
    upload: Upload,
    judged: Judged,
    landed: Landed,
    is_new: bool,
    status: int | None = None,
) -> JSONResponse:
    request.state.audit = {"file": landed.path.name}
    rejected = {found.reason: found.rows for found in judged.rejected}
    receipt = Receipt(
        **_counted(upload, landed.input, judged),
        id=landed.upload_id,
        file=landed.path.name,
        malformed_rows=rejected.get("malformed_row", 0),
        rejected=rejected,
        is_new=is_new,
    )
    return JSONResponse(receipt.model_dump(), status or (201 if is_new else 200))


def _counted(upload: Upload, name: str, judged: Judged) -> dict[str, Any]:
    return {
        "input": name,
        "sha256": upload.sha256,
        "bytes": upload.size,
        "rows": judged.rows,
        "rejected_rows": judged.rejected_rows,
    }
