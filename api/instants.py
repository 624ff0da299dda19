"""Instants and dates as clients may write them."""

import re
from datetime import date, datetime
from typing import Annotated

from pydantic import BeforeValidator

_ISO = re.compile(r"\s*\d{4}-\d")


def _is_iso(said: object) -> object:
    """Refuse numbers, a date without dashes too: Pydantic takes them for seconds since 1970."""
    if isinstance(said, int | float) or (isinstance(said, str) and not _ISO.match(said)):
        raise ValueError("ISO 8601 is expected, such as 2026-03-12 or 2026-03-12T18:00:00Z")
    return said


Instant = Annotated[datetime, BeforeValidator(_is_iso)]
Day = Annotated[date, BeforeValidator(_is_iso)]
