"""Conditional requests."""


def is_known(etag: str, if_none_match: str | None) -> bool:
    """Say whether the client that sent this `If-None-Match` has the version of this ETag."""
    if if_none_match is None:
        return False
    sent = {part.strip().removeprefix("W/") for part in if_none_match.split(",")}
    return "*" in sent or etag in sent
