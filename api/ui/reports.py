"""Asking for a report, seeing how it gets on, and fetching its file."""

import csv
import io
import json
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from api.access import Principal, may_see, needs
from api.errors import quoted
from api.pages import read_cursor, write_cursor
from api.releases import NoReleaseError
from api.reports import CANCELLED, Entry
from api.routers import reports as api_reports
from api.snapshots import ReportOptions
from api.ui import shell
from api.ui.shell import PageRoute
from api.ui.words import State, address

router = APIRouter(prefix="/ui", route_class=PageRoute)

_ROWS, _ROWS_IN_FILE = 30, 100_000
_ORDER = "reports"
STATES = {
    "Queued": State("waiting", "◷", "unknown"),
    "Running": State("being made", "◴", "unknown"),
    "Complete": State("ready", "✓", "up"),
    "Failed": State("failed", "✕", "down"),
    "Cancelled": State("cancelled", "–", "closed"),
}
_UNITS = {"minutes": "minutes", "mixed": "minutes for the hour, hours for day and week"}
_COLUMNS = {"default": "up and down", "all": "all: unknown, excluded, confirmed, bounds and more"}
_FORMATS = {"csv": "CSV", "parquet": "Parquet", "json": "JSON", "xlsx": "Excel"}
# What a spreadsheet would run as a formula.
_FORMULA = re.compile("(^|;)('*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20])")

_reads = needs("read", "run", every_store=True)
_runs = needs("run", every_store=True)


@router.get("/reports")
@_reads
def show(
    request: Request,
    report: str | None = None,
    cursor: str | None = None,
    as_of: str = "",
    units: str = "minutes",
    columns: str = "default",
    format: str = "csv",
    stores: Annotated[list[str] | None, Query()] = None,
) -> Response:
    """Show the reports and the form that asks for one, filled in as the address says; or one."""
    if report is not None:
        entry = request.app.state.reports.entry(report)
        if entry is None:
            raise HTTPException(404, f"There is no report {quoted(report)}; it may be removed.")
        return _page(request, one=_shown(request, entry))
    given = {
        "as_of": as_of,
        "units": units,
        "columns": columns,
        "format": format,
        "stores": "\n".join(stores or ()),
    }
    return _page(request, given, cursor)


@router.post("/reports")
@_runs
def ask_for(
    request: Request,
    as_of: Annotated[str, Form()] = "",
    units: Annotated[str, Form()] = "minutes",
    columns: Annotated[str, Form()] = "default",
    format: Annotated[str, Form()] = "csv",
    stores: Annotated[str, Form()] = "",
) -> Response:
    """Trigger a report, and go where it can be watched; or say what is wrong with what is asked."""
    given = {
        "as_of": as_of,
        "units": units,
        "columns": columns,
        "format": format,
        "stores": stores,
    }
    asked: dict[str, Any] = {
        **given,
        "as_of": as_of.strip() or None,
        "stores": [line.strip() for line in stores.splitlines() if line.strip()] or None,
    }
    defaults = {name: field.default for name, field in ReportOptions.model_fields.items()}
    try:
        options = ReportOptions(
            **{name: value for name, value in asked.items() if value != defaults[name]}
        )
    except ValidationError as error:
        found = error.errors()[0]
        name = str(found["loc"][0])
        said = found["msg"].removeprefix("Value error, ")
        refused = f"{_NAMES[name]}: {said}, not {quoted(found['input'])}."
        return _page(request, given, refused=refused, status=422)
    triggered = api_reports.trigger_report(request, options)
    return RedirectResponse(address("reports", report=triggered.report_id), 303)


@router.post("/cancel_report")
@_runs
def cancel(request: Request, report_id: Annotated[str, Form()]) -> Response:
    """Cancel a report that is not finished, or remove one that is."""
    report = request.app.state.reports.find(report_id)
    is_finished = report is not None and report.status in ("Complete", "Failed")
    api_reports.delete_report(request, report_id)
    return RedirectResponse("reports" if is_finished else address("reports", report=report_id), 303)


@router.get("/download/{name}")
@_reads
async def download(request: Request, name: str) -> Response:
    """Fetch a report's file, for whom the pages' cookie lets in."""
    return await api_reports.download(request, name)


@router.get("/newest.{ending}")
@needs("read", every_store=True)
async def fetch_newest(request: Request, ending: str) -> Response:
    """Fetch the report without options of the newest release."""
    return await api_reports.fetch_newest_report(request, ending)


@router.get("/reports.csv")
@needs("read", every_store=True)
def fetch_list(request: Request) -> Response:
    """Fetch the list of reports."""
    found = request.app.state.reports.entries(_ROWS_IN_FILE)
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    names = list(Entry.model_fields)
    rows.writerow(names)
    for entry in found:
        rows.writerow([_cell(getattr(entry, name)) for name in names])
    headers = {"Content-Disposition": 'attachment; filename="reports.csv"'}
    return Response(text.getvalue(), headers=headers, media_type="text/csv")


_NAMES = {
    "as_of": "As of",
    "units": "Units",
    "columns": "Columns",
    "format": "Format",
    "stores": "Stores",
}


def _page(
    request: Request,
    given: dict[str, str] | None = None,
    cursor: str | None = None,
    one: dict[str, Any] | None = None,
    refused: str | None = None,
    status: int = 200,
) -> Response:
    principal: Principal = request.state.principal
    shown: list[dict[str, Any]] = []
    next_cursor = None
    if one is None:
        before = read_cursor(cursor, _ORDER, str, str)
        found = request.app.state.reports.entries(_ROWS + 1, before)
        shown = [_shown(request, entry) for entry in found[:_ROWS]]
        if len(found) > _ROWS:
            next_cursor = write_cursor(_ORDER, found[_ROWS - 1].requested_at, shown[-1]["id"])
    entries = [one] if one else shown
    body = shell.render(
        request,
        "reports.html",
        one=one,
        reports=shown,
        is_any_awaited=any(each["is_awaited"] for each in entries),
        given=given,
        refused=refused,
        may_run=bool(principal.scopes & {"run", "admin"}) and may_see(principal, None),
        cursor=cursor,
        next_cursor=next_cursor,
        units=_UNITS,
        columns=_COLUMNS,
        formats=_FORMATS,
        # A browser shows nothing else in a field for instants.
        is_instant=given is None or _is_instant(given["as_of"]),
        newest=_newest(request),
    )
    return shell.html(request, body, status, shell.etag_of(body) if status == 200 else None)


def _newest(request: Request) -> datetime | None:
    """Return up to when is known in the newest release, if there is one."""
    try:
        return request.app.state.shared_releases.readable().known_until
    except NoReleaseError:
        return None


def _shown(request: Request, entry: Entry) -> dict[str, Any]:
    """Return a report as the page tells of it."""
    principal: Principal = request.state.principal
    is_cancelled = entry.status == "Failed" and entry.error == CANCELLED
    report = request.app.state.reports.find(entry.report_id)
    is_own = report is not None and report.token_id and report.token_id == principal.token_id
    progress = request.app.state.jobs.progress if entry.status == "Running" else None
    return {
        "id": entry.report_id,
        "state": STATES["Cancelled" if is_cancelled else entry.status],
        "is_awaited": entry.status in ("Queued", "Running"),
        "is_ready": entry.status == "Complete",
        "progress": progress,
        "error": None if is_cancelled else entry.error,
        "format": entry.format,
        "file": f"download/{entry.report_id}.{entry.format}",
        "words": _words(entry.options),
        "stores_asked": entry.options.get("stores"),
        "requested_by": entry.requested_by,
        "requested_at": _at(entry.requested_at),
        "finished_at": _at(entry.finished_at),
        "as_of": _at(entry.as_of or entry.options.get("as_of")),
        "stores": entry.stores,
        "rejected_rows": entry.rejected_rows,
        "methodology": entry.methodology,
        "notes": entry.notes or [],
        "may_remove": bool(principal.scopes & {"admin"} or (is_own and principal.scopes & {"run"})),
        "again": address("reports", **_as_form(entry.options)),
    }


def _words(options: dict[str, Any]) -> Sequence[str]:
    """Return what was asked for beside the default, but for the instant."""
    words = []
    if "units" in options:
        words.append(_UNITS[options["units"]])
    if "columns" in options:
        words.append("all columns")
    if stores := options.get("stores"):
        words.append(f"{len(stores)} store{'s' if len(stores) != 1 else ''}")
    return words


def _as_form(options: dict[str, Any]) -> dict[str, Any]:
    """Return options as the form's fields, whose instants have no zone."""
    as_of = options.get("as_of")
    return {**options, "as_of": as_of and f"{_at(as_of):%Y-%m-%dT%H:%M:%S}"}


def _at(text: str | None) -> datetime | None:
    """Return an instant in UTC without a zone."""
    return text and datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)


def _is_instant(text: str) -> bool:
    try:
        return not text or datetime.fromisoformat(text).tzinfo is None
    except ValueError:
        return False


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return _FORMULA.sub(r"\1'\2", text)
