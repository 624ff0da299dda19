"""Trigger a report, ask how it is getting on, fetch its file."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path as FilePath
from typing import Annotated, Any, BinaryIO, Literal

from fastapi import Body, Header, Path, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from api.access import Principal, Scope, needs
from api.answers import FETCHED, UNCHANGED, answer_by_file, is_known, prefers
from api.errors import declared, quoted
from api.openapi import FILES
from api.pages import Cursor, Limit, ListPage, cut, read_cursor, rows_on_page
from api.reading import Reader, router_of
from api.reports import Changes, Entry, Report
from api.snapshots import (
    MEDIA_TYPES,
    NEWEST,
    ReportOptions,
    open_report,
    remove_reports,
    write_report,
)

router = router_of("reports")

_ID_EXAMPLE = "0b6f6a1e-6c55-4d0e-9d0b-2f9b1e0c7a11"
_OTHER_FILES = {kind: file for kind, file in FILES.items() if kind != "application/json"}
_VARY = {"Vary": "Accept"}
_CHUNK_BYTES = 1 << 18


class Triggered(BaseModel):
    """A report that will be made."""

    report_id: str = Field(description="What to ask `/get_report` for.", examples=[_ID_EXAMPLE])


class Running(BaseModel):
    """A report that is waiting or being made."""

    status: Literal["Running"]


class Complete(BaseModel):
    """A report that can be fetched."""

    status: Literal["Complete"]
    download_url: str = Field(examples=[f"/download/{_ID_EXAMPLE}.csv"])


class Failed(BaseModel):
    """A report that will not be made."""

    status: Literal["Failed"]
    error: str = Field(description="Why, in one sentence.")


ReportState = Annotated[Running | Complete | Failed, Field(discriminator="status")]


class ReportsPage(ListPage):
    """Reports, the newest first."""

    reports: list[Entry]


_ORDER = "reports"


@router.post("/trigger_report", responses=declared(400, 409, 422, 507))
@needs("run", every_store=True)
def trigger_report(
    request: Request,
    asked: Annotated[ReportOptions, Query()],
    body: Annotated[ReportOptions | None, Body()] = None,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=255,
            description="The same key again gives the report that it gave before, though it may "
            "have failed or been cancelled; a new attempt needs a new key.",
        ),
    ] = None,
) -> Triggered:
    """Start a report on the inputs as they are now; the answer does not wait for it.

    Options come in a JSON body. They may come as query parameters, too, as long as the two do not
    contradict each other.
    """
    given = _one_of(
        asked.model_dump(exclude_unset=True), body.model_dump(exclude_unset=True) if body else {}
    )
    principal = request.state.principal
    request.app.state.reports.record.check()
    report_id = request.app.state.reports.add(
        ReportOptions(**given), principal.name, idempotency_key, principal.token_id
    )
    request.state.audit = {"report_id": report_id}
    request.app.state.jobs.wake()
    return Triggered(report_id=report_id)


@router.get(
    "/get_report",
    response_class=Response,
    responses={
        200: {
            "model": ReportState,
            "description": "How far the report is, or the report where `Accept` names its type.",
            "content": {"application/json": {}, **_OTHER_FILES},
        },
        **declared(404, 422),
    },
)
@needs("read", "run", every_store=True)
async def get_report(
    request: Request,
    report_id: Annotated[str, Query(examples=[_ID_EXAMPLE])],
    wait: Annotated[
        int, Query(ge=0, le=60, description="So many seconds the answer waits for the end.")
    ] = 0,
) -> Response:
    """Say whether a report is running, complete (and where to fetch it) or failed (and why).

    With the report's own type in `Accept`, such as `text/csv`, the answer is the report itself
    once it is complete. A report in JSON is fetched by its `download_url`.
    """
    report = _own_report(request, report_id)
    if wait:
        changes: Changes = request.app.state.changes
        until = changes.until(wait)
        while report.status in ("Queued", "Running") and await changes.wait(until):
            report = _own_report(request, report_id)
    accept = request.headers.get("accept", "")
    is_wanted = report.format != "json" and prefers(
        accept, MEDIA_TYPES[report.format], "application/json"
    )
    if is_wanted and report.status == "Complete":
        response = await download(request, report.file_name)
        response.headers["Vary"] = "Accept"
        return response
    return JSONResponse(_state(request, report), headers=_VARY)


@router.get(
    "/download/{name}",
    response_class=Response,
    responses={
        200: {
            "description": "The report, one row per store.",
            "content": FILES,
        },
        **UNCHANGED,
        **declared(404, 422),
    },
)
@needs("read", "run", every_store=True)
async def download(request: Request, name: str) -> Response:
    """Fetch a finished report, `<report_id>.<format>`.

    `store_report.csv` is the newest that was asked for without options.
    """
    if name == NEWEST:
        _refuse_others(request, None)
    is_there = name == NEWEST or _is_complete(request, name)
    output = request.app.state.settings.output
    opened = await run_in_threadpool(open_report, output, name) if is_there else None
    if opened is None:
        raise HTTPException(404, f"There is no report file {quoted(name)}.")
    file, size, etag = opened
    media_type = MEDIA_TYPES[name.rpartition(".")[2]]
    headers = {
        "ETag": etag,
        "Cache-Control": "no-cache",
        "Content-Disposition": f'attachment; filename="{name}"',
    }
    if is_known(etag, request.headers.get("If-None-Match")):
        file.close()
        return Response(status_code=304, headers=headers)
    headers["Content-Length"] = str(size)
    return StreamingResponse(_chunks(file), media_type=media_type, headers=headers)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        yield from iter(partial(file.read, _CHUNK_BYTES), b"")


@router.get("/reports", responses=declared(422))
@needs("read", every_store=True)
def list_reports(request: Request, limit: Limit = None, cursor: Cursor = None) -> ReportsPage:
    """List the reports, the newest first."""
    limit = rows_on_page(request, limit)
    before = read_cursor(cursor, _ORDER, str, str)
    found, next_cursor = cut(
        request.app.state.reports.entries(limit + 1, before),
        limit,
        _ORDER,
        lambda entry: (entry.requested_at, entry.report_id),
    )
    return ReportsPage(
        reports=[_listed(request, entry) for entry in found], next_cursor=next_cursor
    )


@router.get(
    "/reports/newest.{ending}",
    response_class=Response,
    responses={200: {"description": "The report, one row per store.", "content": FILES}, **FETCHED},
)
@needs("read", every_store=True)
async def fetch_newest_report(
    request: Request, ending: Annotated[str, Path(json_schema_extra={"enum": list(MEDIA_TYPES)})]
) -> Response:
    """Fetch the report without options of the newest release; it is written when asked for."""
    if ending not in MEDIA_TYPES:
        known = ", ".join(MEDIA_TYPES)
        raise HTTPException(404, f"There is no {quoted(ending)}; there are {known}.")
    options = ReportOptions(format=ending)

    def write(reader: Reader, path: FilePath) -> None:
        write_report(reader.connection, path, options)

    return await answer_by_file(request, f"newest.{ending}", options, write)


@router.get("/reports/{report_id}", responses=declared(404, 422))
@needs("read", "run", every_store=True)
def get_report_entry(request: Request, report_id: str) -> Entry:
    """Tell of one report what the list tells; a token of scope `run` only of its own."""
    _own_report(request, report_id)
    entry = request.app.state.reports.entry(report_id)
    if entry is None:
        raise HTTPException(404, f"There is no report {quoted(report_id)}.")
    return _listed(request, entry)


@router.delete("/reports/{report_id}", status_code=204, responses=declared(404, 422, 507))
@needs("run", every_store=True)
def delete_report(request: Request, report_id: str) -> None:
    """Cancel a report that waits or is being made, or remove one that is finished.

    A cancelled report ends as Failed and stays in the list; asking again removes it. A token may
    do that with its own reports, and one of scope `admin` with all.
    """
    record = request.app.state.reports
    report = _own_report(request, report_id, "admin")
    request.state.audit = {"report_id": report_id}
    # Who makes a report that is cancelled removes its file, from which others may be copied.
    if record.cancel(report_id):
        request.app.state.jobs.let_go()
    else:
        remove_reports(request.app.state.settings.output, [report.file_name])
        record.forget([report])


def _one_of(asked: dict[str, Any], in_body: dict[str, Any]) -> dict[str, Any]:
    """Return the options of both, or raise HTTPException 422 where they contradict each other."""
    for name in asked.keys() & in_body.keys():
        if asked[name] != in_body[name]:
            raise HTTPException(
                422,
                f"query.{name}: {quoted(asked[name])} contradicts {quoted(in_body[name])} in the "
                "body; one of them is enough.",
            )
    return in_body | asked


def _listed(request: Request, entry: Entry) -> Entry:
    if entry.status == "Running":
        entry.progress = request.app.state.jobs.progress
    return entry


def _own_report(request: Request, report_id: str, scope: Scope = "read") -> Report:
    """Return a report, or raise HTTPException if there is none, or it is not for this token."""
    report = request.app.state.reports.find(report_id)
    if report is None:
        raise HTTPException(404, f"There is no report {quoted(report_id)}.")
    _refuse_others(request, report, scope)
    return report


def _refuse_others(request: Request, report: Report | None, scope: Scope = "read") -> None:
    """Raise HTTPException 403 unless the token has this scope, or has asked for the report."""
    principal: Principal = request.state.principal
    is_own = report is not None and report.token_id and report.token_id == principal.token_id
    if not is_own and principal.scopes.isdisjoint((scope, "admin")):
        raise HTTPException(
            403, f"This token has not asked for this report; that needs the scope {scope!r}."
        )


def _is_complete(request: Request, name: str) -> bool:
    """Say whether a file belongs to a complete report; others may lie beside it."""
    report = request.app.state.reports.find(name.partition(".")[0])
    if report is None or (report.status, report.file_name) != ("Complete", name):
        return False
    _refuse_others(request, report)
    return True


def _state(request: Request, report: Report) -> dict[str, str]:
    if report.status == "Complete":
        return {"status": "Complete", "download_url": f"/download/{report.file_name}"}
    if report.status == "Failed":
        return {"status": "Failed", "error": report.error or ""}
    return {"status": "Running"}
