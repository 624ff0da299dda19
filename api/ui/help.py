"""What the pages show, how it is counted, and by which keys one goes about."""

from fastapi import APIRouter, Request, Response

from api.ui import shell
from api.ui.shell import PageRoute

router = APIRouter(prefix="/ui", route_class=PageRoute)


@router.get("/help")
def show(request: Request) -> Response:
    """Show the keys and the meaning of what is shown."""
    body = shell.render(request, "help.html")
    return shell.html(request, body, etag=shell.etag_of(body))
