"""Conditional requests, and which of several types of an answer a client wants."""

from functools import lru_cache

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header


def is_known(etag: str, if_none_match: str | None) -> bool:
    """Say whether the client that sent this `If-None-Match` has the version of this ETag."""
    if if_none_match is None:
        return False
    sent = {part.strip().removeprefix("W/") for part in if_none_match.split(",")}
    return "*" in sent or etag in sent


@lru_cache(1000)
def prefers(accept: str, kind: str, default: str) -> bool:
    """Say whether whoever sends this `Accept` would rather have the kind than the default.

    Where both are as welcome, that is so if the kind is named.
    """
    wanted = parse_accept_header(accept, MIMEAccept)
    is_named = kind in wanted.values() and wanted[kind] >= wanted[default]
    return wanted.best_match([default, kind]) == kind or (is_named and wanted[kind] > 0)
