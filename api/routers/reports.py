"""Trigger a report, ask how it is getting on, fetch its file."""

import json
from typing import Literal

from fastapi import APIRouter, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from api.access import needs
from api.downloads import open_report
from api.errors import declared
from api.etags import is_known
from api.reports import Report

router = APIRouter(tags=["reports"])

_ID_EXAMPLE = "0b6f6a1e-6c55-4d0e-9d0b-2f9b1e0c7a11"
_RUNNING = b'{"status":"Running"}'


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


@router.post("/trigger_report", dependencies=[needs("run", every_store=True)])
def trigger_report(request: Request) -> Triggered:
    """Start a report on the inputs as they are now; the answer does not wait for it."""
    report_id = request.app.state.reports.add()
    request.state.audit = {"report_id": report_id}
    request.app.state.jobs.wake()
    return Triggered(report_id=report_id)


@router.get(
    "/get_report",
    dependencies=[needs("read", every_store=True)],
    response_class=Response,
    responses={
        200: {
            "description": "How far the report is.",
            "content": {
                "application/json": {
                    "schema": {
                        "oneOf": [
                            state.model_json_schema() for state in (Running, Complete, Failed)
                        ]
                    }
                }
            },
        },
        **declared(404, 422),
    },
)
async def get_report(request: Request, report_id: str) -> Response:
    """Say whether a report is running, complete (and where to fetch it) or failed (and why)."""
    report = request.app.state.reports.find(report_id)
    if report is None:
        raise HTTPException(404, f"There is no report {report_id!r}.")
    return Response(_state(report), media_type="application/json")


@router.head(
    "/download/{name}", include_in_schema=False, dependencies=[needs("read", every_store=True)]
)
@router.get(
    "/download/{name}",
    dependencies=[needs("read", every_store=True)],
    response_class=Response,
    responses={
        200: {
            "description": "The report, one row per store.",
            "content": {"text/csv": {"schema": {"type": "string"}}},
        },
        304: {"description": "The report has not changed since the ETag in `If-None-Match`."},
        **declared(404, 422),
    },
)
def download(request: Request, name: str) -> Response:
    """Fetch a finished report: `<report_id>.csv`, or `store_report.csv`, the newest of all."""
    report = open_report(request.app.state.settings.output, name)
    if report is None:
        raise HTTPException(404, f"There is no report file {name!r}.")
    headers = {
        "ETag": report.etag,
        "Cache-Control": "no-cache",
        "Content-Disposition": f'attachment; filename="{name}"',
    }
    if is_known(report.etag, request.headers.get("If-None-Match")):
        report.close()
        return Response(status_code=304, headers=headers)
    headers["Content-Length"] = str(report.size)
    if request.method == "HEAD":
        report.close()
        return Response(media_type="text/csv", headers=headers)
    return StreamingResponse(report.chunks(), media_type="text/csv", headers=headers)


def _state(report: Report) -> bytes:
    if report.status == "Complete":
        url = f"/download/{report.report_id}.csv"
        return b'{"status":"Complete","download_url":"' + url.encode() + b'"}'
    if report.status == "Failed":
        return json.dumps({"status": "Failed", "error": report.error}).encode()
    return _RUNNING
