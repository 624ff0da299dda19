"""Whether the service is alive, whether it can do its work, and what Prometheus is told."""

import shutil
from typing import Annotated

from fastapi import Query, Request, Response
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from api.access import GuardedRoute, needs
from api.audit import Audited
from api.disk import folder_fault
from api.errors import MEDIA_TYPE, declared, problem_body
from api.metrics import poll_age_seconds
from api.pages import Cursor, Limit, ListPage, cut, read_cursor, rows_on_page
from api.reading import router_of
from api.releases import NoReleaseError

# Monitors may add a parameter to get past caches.
router = router_of("service", GuardedRoute)


class Health(BaseModel):
    """The service answers."""

    status: str


class Ready(BaseModel):
    """The service can do its work; each check is `ok` or says what is wrong."""

    status: str
    checks: dict[str, str]


@router.get("/health")
@needs()
async def health() -> Health:
    """Say that the service is alive."""
    return Health(status="ok")


@router.get("/ready", responses={200: {"model": Ready}, **declared(503)})
@needs()
def ready(request: Request) -> JSONResponse:
    """Say whether the service can do its work.

    It can if a release is there and fresh, the worker alive, the folders for inputs and reports
    and the service's records usable, and room left on the disk. It is `degraded` while it shows an
    earlier release, as the newest one is damaged.
    """
    checks, is_degraded = _checks(request)
    wrong = {name for name, found in checks.items() if found != "ok"}
    if not wrong or (is_degraded and wrong == {"release"}):
        return JSONResponse({"status": "degraded" if wrong else "ready", "checks": checks})
    detail = " ".join(found for found in checks.values() if found != "ok")
    return JSONResponse({**problem_body(503, detail), "checks": checks}, 503, None, MEDIA_TYPE)


@router.get(
    "/metrics",
    response_class=Response,
    responses={
        200: {
            "description": "The metrics, as Prometheus reads them.",
            "content": {"text/plain": {"schema": {"type": "string"}}},
        },
    },
)
@needs("read", every_store=True)
def metrics(request: Request) -> Response:
    """Give counts and times of requests, reports, builds, rejected rows and ages of data."""
    return Response(request.app.state.metrics.text(), media_type="text/plain; version=0.0.4")


def _checks(request: Request) -> tuple[dict[str, str], bool]:
    """Return what each check has found, and whether an earlier release is shown."""
    state = request.app.state
    settings = state.settings
    names = ("release", "freshness", "worker", "data", "output", "records", "disk")
    checks = dict.fromkeys(names, "ok")
    is_degraded = False
    try:
        with state.shared_releases.open_newest() as (release, _):
            age = poll_age_seconds(release)
        if damaged := state.shared_releases.damaged():
            is_degraded = True
            checks["release"] = (
                f"The release {damaged} cannot be read; the one before it, {release.release_id}, "
                "is shown. POST /trigger_report builds a new one."
            )
        if settings.poll_age_seconds_max and age > settings.poll_age_seconds_max:
            checks["freshness"] = (
                f"The newest poll is older than {settings.poll_age_seconds_max} s."
            )
    except NoReleaseError as error:
        checks["release"] = str(error)
    if not state.jobs.is_alive():
        checks["worker"] = "The worker on reports has ended; the log has the cause."
    checks["data"] = folder_fault(settings.data, "data") or "ok"
    checks["output"] = folder_fault(settings.output, "output", is_written=True) or "ok"
    if checks["output"] == "ok":
        faults = [record.fault() for record in (state.access.record, state.reports.record)]
        checks["records"] = " ".join(filter(None, faults)) or "ok"
    for folder in (settings.data, settings.db.parent, settings.output):
        if folder.exists() and shutil.disk_usage(folder).free < settings.free_bytes_min:
            checks["disk"] = f"Less than {settings.free_bytes_min} bytes of the disk are free."
    return checks, is_degraded


audit_router = router_of("service")


class AuditPage(ListPage):
    """Entries of the audit log, the newest first."""

    entries: list[Audited]
    next_before: int | None = Field(description="`before` of the next page, as earlier versions.")


_ORDER = "audit"


@audit_router.get("/audit", responses=declared(422))
@needs("admin", every_store=True)
def get_audit(
    request: Request,
    limit: Limit = None,
    cursor: Cursor = None,
    before: Annotated[int | None, Query(ge=1, le=1 << 62, deprecated=True)] = None,
) -> AuditPage:
    """List who triggered, ingested and changed what, and what was refused."""
    limit = rows_on_page(request, limit)
    [before] = read_cursor(cursor, _ORDER, int) or [before]
    found = request.app.state.access.log.page(limit + 1, before)
    entries, next_cursor = cut(found, limit, _ORDER, lambda entry: (entry.audit_id,))
    next_before = entries[-1].audit_id if next_cursor else None
    return AuditPage(entries=entries, next_cursor=next_cursor, next_before=next_before)
