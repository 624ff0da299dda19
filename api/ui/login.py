"""Logging in and out, and which clock a reader looks at."""

import re
from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Query, Request, Response
from fastapi.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse

from api.access import Access, Principal, needs
from api.audit import Entry
from api.ui import shell
from api.ui.sessions import COOKIE, Sessions

# A page of this service, as a relative address.
_OWN_PAGE = re.compile(r"(?:\./)?([a-z_]*(\?[^\s\\]*)?)")
_YEAR_SECONDS = 400 * 86_400


router = APIRouter(prefix="/ui", route_class=shell.PageRoute)


@router.get("/login")
@needs()
def ask_for_token(request: Request, to: Annotated[str, Query(alias="next")] = "") -> Response:
    """Show where a token is asked for; who need not log in, or has, goes on."""
    access: Access = request.app.state.access
    known = request.app.state.sessions.principal(request.cookies.get(COOKIE, ""))
    if not access.has_tokens() or (known is not None and not known.is_over):
        return RedirectResponse(_own(to), 303)
    # A browser that comes from another site sends no cookie; from here it does.
    is_from_elsewhere = request.headers.get("Sec-Fetch-Site") == "cross-site"
    body = shell.render(request, "login.html", to=_own(to), goes_on=is_from_elsewhere, refused=None)
    return shell.html(request, body)


@router.post("/login")
@needs()
async def log_in(
    request: Request,
    token: Annotated[str, Form()] = "",
    to: Annotated[str, Form(alias="next")] = "",
) -> Response:
    """Begin a session by a token that may read, and go on."""
    access: Access = request.app.state.access
    sessions: Sessions = request.app.state.sessions
    client = request.client.host if request.client else ""
    if not sessions.may_try(client):
        raise HTTPException(
            429, "Too many tries failed; try again in a minute.", {"Retry-After": "60"}
        )
    principal = access.principal(token.strip())
    refused, status = _refused(principal)
    if refused is not None:
        sessions.failed(client)
        if principal is None:
            entry = Entry(
                "nobody", "POST /ui/login", {}, "401 Unauthorized", client, request.state.request_id
            )
            await access.log.write(entry)
        request.state.principal = principal
        body = shell.render(
            request, "login.html", to=_own(to), goes_on=False, refused=refused, principal=None
        )
        return shell.html(request, body, status)
    request.state.principal = principal
    answer = RedirectResponse(_own(to), 303)
    secret = await run_in_threadpool(sessions.begin, principal.token_id)
    _set_cookie(request, answer, COOKIE, secret)
    return answer


@router.post("/logout")
def log_out(request: Request) -> Response:
    """End the session."""
    request.app.state.sessions.end(request.cookies.get(COOKIE, ""))
    answer = RedirectResponse("login", 303)
    answer.delete_cookie(COOKIE, path=f"{request.scope.get('root_path', '')}/ui")
    return answer


@router.get("/clock")
def choose_clock(
    request: Request,
    to: Annotated[str, Query(pattern="^(store|utc)$")],
    back: str = "",
) -> Response:
    """Remember the clock to look at, and go back."""
    answer = RedirectResponse(_own(back), 303)
    _set_cookie(request, answer, shell.CLOCK_COOKIE, to)
    return answer


def _set_cookie(request: Request, answer: Response, name: str, value: str) -> None:
    answer.set_cookie(
        name,
        value,
        max_age=_YEAR_SECONDS,
        path=f"{request.scope.get('root_path', '')}/ui",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )


def _own(to: str) -> str:
    """Return where to go on: one of these pages, whatever was asked for."""
    found = _OWN_PAGE.fullmatch(to)
    page = found[1] if found else ""
    # What is asked for alone would be asked of this page.
    return page if page[:1].isalpha() else f"./{page}"


def _refused(principal: Principal | None) -> tuple[str | None, int]:
    if principal is None:
        return "There is no such token.", 401
    if principal.is_over:
        return "This token is revoked or expired.", 401
    if not principal.scopes.intersection(("read", "admin")):
        return "This token may not read; one of scope read or admin may.", 403
    return None, 200
