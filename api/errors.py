"""One shape for every error: problem details, RFC 9457."""

import logging
import sqlite3
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from api.audit import masked
from api.releases import NoReleaseError

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"

# Of a value that is refused, so much is told.
_SHOWN_MAX = 100


class BusyError(HTTPException):
    """More comes than can be answered soon."""

    def __init__(self, said: str) -> None:
        super().__init__(503, f"{said} Try again in a second.", {"Retry-After": "1"})


class Problem(BaseModel):
    """What went wrong, for programs (`status`) and for people (`detail`)."""

    type: str = Field("about:blank", description="Kind of problem; `about:blank`: see `status`.")
    title: str = Field(description="The status in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What went wrong this time, and what would be accepted.")


def problem(status: int, detail: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse(problem_body(status, detail), status, headers, MEDIA_TYPE)


def problem_body(status: int, detail: str) -> dict[str, Any]:
    return Problem(title=HTTPStatus(status).phrase, status=status, detail=detail).model_dump()


def quoted(value: object) -> str:
    """Return a value as messages show it, of a long one the beginning."""
    return _cut(repr(value))


def declared(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Declare errors of an endpoint, for `responses=`; those of `ANY_PROBLEM` are of all."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {
        status: {"description": HTTPStatus(status).phrase, "content": content}
        for status in statuses
    }


ANY_PROBLEM = declared(401, 403, 413, 429, 500, 503)


def install(app: FastAPI) -> None:
    """Have every error of the app answered as a problem."""

    @app.exception_handler(HTTPException)
    async def _refused(request: Request, error: HTTPException) -> JSONResponse:
        detail = error.detail
        if detail == HTTPStatus(error.status_code).phrase:
            detail = f"{request.method} {_cut(request.url.path)}: {detail.lower()}."
        elif detail == "There was an error parsing the body":
            detail = "The body cannot be read as JSON."
        return problem(error.status_code, detail, dict(error.headers or {}))

    @app.exception_handler(NoReleaseError)
    async def _without_release(request: Request, error: NoReleaseError) -> JSONResponse:
        return problem(503, f"{error} POST /trigger_report starts one.")

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        details = "; ".join(_explained(found) for found in error.errors())
        return problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"{details}.")


def record_problem(error: sqlite3.Error) -> JSONResponse:
    """Say that a file of SQLite cannot be used; the log has the cause."""
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
        return problem(
            HTTPStatus.INSUFFICIENT_STORAGE,
            "There is no room for the service's record of what was asked: the disk is full.",
        )
    log.error("A file of SQLite cannot be used: %s", error)
    return problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        f"The service's record of what was asked cannot be used just now: {error}.",
        {"Retry-After": "5"},
    )


def _cut(text: str) -> str:
    text = masked(text)
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}…"


def _explained(found: dict[str, Any]) -> str:
    """Return where a value was, what would be accepted there, and the value."""
    if found["type"] == "json_invalid":
        why, at = found["ctx"]["error"], found["loc"][-1]
        return f"The body cannot be read as JSON: {why.lower()} at character {at}"
    where = ".".join(str(part) for part in found["loc"])
    said = found["msg"].removeprefix("Value error, ")
    value = found.get("input")
    if isinstance(value, bytes):
        said = "JSON is expected, with `Content-Type: application/json`"
    if found["type"] == "missing" or not isinstance(value, str | int | float):
        return f"{where}: {said}"
    return f"{where}: {said}, not {quoted(value)}"
