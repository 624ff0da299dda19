"""Instants and dates, as clients may write them and as the service does."""

import re
from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import BeforeValidator

_ISO = re.compile(r"\s*\d{4}-\d")


def _refuse_numbers(said: object) -> object:
    """Refuse numbers, a date without dashes too: Pydantic takes them for seconds since 1970."""
    if isinstance(said, date):
        return said
    if isinstance(said, int | float) or (isinstance(said, str) and not _ISO.match(said)):
        raise ValueError(
            "an instant with dashes is expected, such as 2026-03-12 or 2026-03-12T18:00:00Z"
        )
    return said


# The end of what is asked for where that is all there is.
ALWAYS = datetime(9998, 12, 31, tzinfo=UTC)

Instant = Annotated[datetime, BeforeValidator(_refuse_numbers)]
Day = Annotated[date, BeforeValidator(_refuse_numbers)]
# Ends, which may also be `now`; the first validator is the last one here.
Until = Annotated[Instant, BeforeValidator(lambda said: ALWAYS if said == "now" else said)]
UntilDay = Annotated[Day, BeforeValidator(lambda said: ALWAYS.date() if said == "now" else said)]


def as_text(at: datetime) -> str:
    """Return an instant as the service writes it, which sorts by time; without a zone it is UTC."""
    in_utc = at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
    return in_utc.isoformat(timespec="microseconds").replace("+00:00", "Z")


def now() -> str:
    return as_text(datetime.now(UTC))
