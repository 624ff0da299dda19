"""Ids in paths: whatever text a store's id is, `/` and `..` included."""

from urllib.parse import unquote

from starlette.convertors import Convertor, register_url_convertor
from starlette.types import ASGIApp, Receive, Scope, Send


class _EncodedText(Convertor[str]):
    """A part of a path that may hold any character if it is percent-encoded."""

    regex = ".+"

    def convert(self, value: str) -> str:
        return unquote(value)

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("encoded", _EncodedText())


class PathsAsSent:
    """Has paths below a prefix matched as they were sent, where `%2F` is part of an id.

    Servers decode a path before it is matched; then `a%2Ftimeline`, a store, could not be told
    from `a/timeline`, what is known of another one.
    """

    def __init__(self, app: ASGIApp, prefix: str) -> None:
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(
            scope.get("root_path", "") + self._prefix
        ):
            sent = scope["raw_path"].partition(b"?")[0]
            # In place, so that those further out learn which route matched.
            scope["path"] = sent.decode("ascii", "replace")
        await self._app(scope, receive, send)
