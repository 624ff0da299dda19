"""The pages put together, under `/ui/`."""

from typing import Annotated

from fastapi import FastAPI, Path, Request
from fastapi.responses import FileResponse, RedirectResponse
from starlette.exceptions import HTTPException

from api.routers import tables
from api.ui import board, data, fleet, help, login, outages, reports, search, store, targets
from api.ui.shell import FOLDER

_ASSETS = {
    "style.css": "text/css",
    "script.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}


def add_to(app: FastAPI) -> None:
    """Add the pages; none of them is in the reference of the API."""
    for module in (board, fleet, store, outages, targets, data, reports, search, help, login):
        app.include_router(module.router, include_in_schema=False)
    # The lists' files once more, since the cookie of the log-in is sent to the pages alone.
    app.include_router(tables.files, prefix="/ui", include_in_schema=False)

    @app.get("/ui", include_in_schema=False)
    def lead_to_board(request: Request) -> RedirectResponse:
        return RedirectResponse("ui/")

    @app.get("/ui/assets/{name}", include_in_schema=False)
    def fetch_asset(name: Annotated[str, Path()]) -> FileResponse:
        if name not in _ASSETS:
            raise HTTPException(404, f"There is no {name!r:.100}.")
        # Its address changes with its content.
        headers = {"Cache-Control": "public, max-age=31536000, immutable"}
        return FileResponse(FOLDER / "assets" / name, headers=headers, media_type=_ASSETS[name])
