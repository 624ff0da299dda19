"""How long a body may be that is not an upload."""

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Where uploads are sent to, which have a limit of their own.
UPLOADS = ("/ingest/", "/inputs/")


class BodyLimit:
    """Refuses a body that is longer than the setting allows once that shows.

    The gate refuses those that tell their length; uploads have a limit of their own.
    """

    def __init__(self, app: ASGIApp, bytes_max: int) -> None:
        self._app = app
        self._bytes_max = bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(UPLOADS):
            await self._app(scope, receive, send)
            return
        size = 0

        async def receive_some() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > self._bytes_max:
                raise HTTPException(
                    413, f"The body has more than {self._bytes_max} bytes, the most allowed here."
                )
            return message

        await self._app(scope, receive_some, send)
