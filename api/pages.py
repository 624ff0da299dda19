"""Pages by key: a cursor says after which row the next page begins, whatever came meanwhile."""

import base64
import binascii
import json
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Query, Request
from starlette.exceptions import HTTPException

from api.errors import quoted
from api.settings import ROWS_MAX

_ROWS = 100
ROWS_ON_PAGE = (
    f"Rows on a page; unset: {_ROWS}, or the most that STORE_UPTIME_PAGE_ROWS_MAX allows if that "
    "is less."
)

Limit = Annotated[int | None, Query(ge=1, le=ROWS_MAX, description=ROWS_ON_PAGE)]
Cursor = Annotated[
    str | None,
    Query(description="`next_cursor` of the page before, for the page after it."),
]

# A value by which rows are sorted, as JSON knows it.
SortKey = str | float | datetime | None


def rows_on_page(request: Request, limit: int | None) -> int:
    """Return how many rows a page is to have.

    Raises HTTPException 422 for more than the setting allows.
    """
    rows_max = request.app.state.settings.page_rows_max
    if limit is None:
        return min(_ROWS, rows_max)
    if limit > rows_max:
        raise HTTPException(422, f"query.limit: {limit} is more than {rows_max}, the most allowed.")
    return limit


def write_cursor(order: str, *keys: SortKey) -> str:
    """Return a cursor after the row with these keys; `order` names what the rows are sorted by."""
    texts = [f"{key.isoformat()}Z" if isinstance(key, datetime) else key for key in keys]
    said = json.dumps([order, *texts], separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(said.encode()).decode().rstrip("=")


def read_cursor(cursor: str | None, order: str, *types: type) -> tuple[Any, ...] | None:
    """Return the keys in a cursor, None where there is none; each is of its type, or None.

    Raises HTTPException 422 for a cursor that was not made here, or for another order.
    """
    if cursor is None:
        return None
    try:
        said = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), b"-_", validate=True))
        # Text that no database takes is none of ours.
        json.dumps(said, ensure_ascii=False, allow_nan=False).encode()
    except (binascii.Error, ValueError, RecursionError):
        said = None
    if not isinstance(said, list) or len(said) != 1 + len(types):
        raise not_ours(cursor)
    said_order, *keys = said
    if said_order != order:
        raise HTTPException(
            422,
            f"query.cursor: this cursor is of a list with the order {quoted(said_order)}, "
            f"and here the order is {quoted(order)}; ask for the first page without a cursor.",
        )
    try:
        return tuple(_read(key, kind) for key, kind in zip(keys, types, strict=True))
    except ValueError:
        raise not_ours(cursor) from None


def _read(key: object, kind: type) -> Any:
    if kind is datetime and isinstance(key, str):
        at = datetime.fromisoformat(key)
        if at.tzinfo is not UTC:
            raise ValueError
        return at.replace(tzinfo=None)
    if key is not None and not isinstance(key, kind):
        raise ValueError
    return key


def not_ours(cursor: str | None) -> HTTPException:
    """Return the refusal of a cursor that was not made here."""
    return HTTPException(
        422, f"query.cursor: {quoted(cursor)} is not a `next_cursor` that this service gave out."
    )
