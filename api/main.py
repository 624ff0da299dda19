"""The application: settings, parts and endpoints put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse
from fastapi_offline import FastAPIOffline

from api import errors, openapi
from api.access import Access
from api.answers import Places, TableFiles, prefers
from api.builds import Builder, service_builder
from api.gate import Gate
from api.inputs import Landing
from api.jobs import Jobs
from api.metrics import Metrics
from api.releases import SharedReleases
from api.reports import Changes, Reports
from api.routers import inputs, reports, service, stores, tables
from api.settings import Settings, read_settings
from api.ui import pages
from api.ui.sessions import Sessions
from api.uploads import Judge

ROUTERS = (
    reports.router,
    stores.router,
    inputs.router,
    service.router,
    service.audit_router,
    tables.router,
    tables.files,
)


def create_app(settings: Settings | None = None, builder: Builder | None = None) -> FastAPI:
    """Return the service; its work starts and ends with the server that runs it."""
    settings = settings or read_settings()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        settings.output.mkdir(parents=True, exist_ok=True)
        record = Reports(settings.output, settings.folders)
        app.state.access = Access(
            settings.output, settings.audit_kept_days, settings.audit_entries_max
        )
        app.state.sessions = Sessions(app.state.access)
        app.state.changes = Changes()
        record.told = app.state.changes.tell
        metrics = app.state.metrics = Metrics()
        releases = app.state.shared_releases = SharedReleases(settings.db)
        jobs = Jobs(settings, record, releases, builder or service_builder(settings))
        jobs.told_of_build = metrics.built
        app.state.settings, app.state.reports, app.state.jobs = settings, record, jobs
        app.state.places = Places()
        app.state.table_files = TableFiles(settings.db.parent / "tables", settings.table_bytes_max)
        app.state.landing, app.state.judge = Landing(settings.data), Judge(settings, jobs.warm_up)
        metrics.watch(record, releases, jobs)
        jobs.start()
        yield
        app.state.changes.close()
        jobs.stop()
        releases.close()
        record.close()
        app.state.access.close()

    app = FastAPIOffline(
        redoc_url=None,
        # A redirect would tell the scheme and host of this side of a proxy.
        redirect_slashes=False,
        title="Store Uptime",
        description="How long was each store really up during its business hours?",
        lifespan=lifespan,
        # It has metrics and a log of its own.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        openapi_tags=openapi.TAGS,
        # Routers that are included are matched twice, which takes each request a tenth of its time.
        routes=[route for router in ROUTERS for route in router.routes],
    )
    errors.install(app)
    app.add_middleware(Gate, settings=settings)
    pages.add_to(app)

    @app.get("/", include_in_schema=False)
    def lead_on(request: Request) -> RedirectResponse:
        is_browser = prefers(request.headers.get("Accept", ""), "text/html", "application/json")
        return RedirectResponse("ui/" if is_browser else "docs", headers={"Vary": "Accept"})

    openapi.describe(app)
    return app


app = create_app()
