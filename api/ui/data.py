"""What the figures rest on: the newest poll, rows set aside, files, silences, assumptions."""

from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from api.access import needs
from api.rows import Conditions
from api.ui import shell
from api.ui.shell import Form, PageRoute, Reader
from api.ui.words import address, age, is_long

router = APIRouter(prefix="/ui", route_class=PageRoute)

_ROWS, _ROWS_AT_FIRST = 50, 8
_REASONS_MAX = 200
REASONS = {
    "bad_closed": "the word for closed is neither yes nor no",
    "bad_date": "this is no date",
    "bad_day": "this is no day of the week",
    "bad_period": "this is no calendar period",
    "bad_ratio": "this is no ratio above 0 and up to 1",
    "bad_time": "this is no time of day",
    "bad_timestamp": "this is no instant",
    "bad_validity": "the dates on which it holds are none, or in the wrong order",
    "contradictory_poll": "another row of that store and instant says inactive",
    "contradictory_timezone": "a later row names another zone",
    "control_characters": "the id has control characters in it",
    "ends_before_it_starts": "it ends before it begins",
    "future_timestamp": "it is dated in the future",
    "malformed_row": "the line cannot be read",
    "missing_group": "it says of no group",
    "missing_store_id": "it names no store",
    "repeated_header": "it is a header once more",
    "repeated_store": "a later row is of the same store",
    "rounded_id": "a tool has rounded the id",
    "timestamp_before_zone_rules": "it is from before 2015",
    "unknown_group": "no store is in that group",
    "unknown_status": "it says neither active nor inactive",
    "unknown_store": "no other input knows that store",
    "unknown_timezone": "there is no such time zone",
}
# Which stores, what is said of them, and when there are none.
STORES = {
    "zone": (
        "not coalesce(is_timezone_given, false)",
        "Stores whose time zone is assumed",
        "Of every store a time zone is known.",
    ),
    "hours": (
        "not coalesce(has_business_hours, false)",
        "Stores without hours, which count as open round the clock",
        "Of every store hours are known.",
    ),
    "never": (
        "last_polled_at is null",
        "Stores that were never polled",
        "Every store was polled at least once.",
    ),
    "alone": (
        "not contains(named_by, ',')",
        "Stores that only one input knows",
        "Every store is in two inputs at least.",
    ),
}
Shown = Literal["files", "notes", "silences", "rows", "zone", "hours", "never", "alone"]


@router.get("/data")
@needs("read", every_store=True)
async def show(
    request: Request,
    shown: Annotated[Shown | None, Query(alias="list")] = None,
    source: Annotated[str | None, Query(alias="input", max_length=100)] = None,
    reason: Annotated[str | None, Query(max_length=100)] = None,
    page: Annotated[int, Query(ge=1, le=100_000)] = 1,
    form: Annotated[Form, Query(alias="format")] = "html",
) -> Response:
    """Show how the inputs are, or all of one list; rows set aside may be of an input or reason."""
    asked = {"list": shown, "input": source, "reason": reason}

    # The address of this list, with something else asked of it.
    link = partial(address, "data", **asked)
    if form == "csv" and shown is not None:
        table = "stores" if shown in STORES else _LISTS[shown][0]
        return await shell.file(request, table, lambda _: _chosen(shown, source, reason))

    def ask(reader: Reader) -> dict[str, Any]:
        frame = {
            "shown": shown,
            "source": source,
            "reason": reason,
            "reasons": REASONS,
            "stores_lists": {name: title for name, (_, title, _) in STORES.items()},
            "page": page,
            "link": link,
            "clocks": {},
        }
        if shown is None:
            return {**frame, **_overview(reader)}
        return {**frame, **_list(reader, shown, source, reason, page)}

    return await shell.page(request, "data.html", ask)


def _overview(reader: Reader) -> dict[str, Any]:
    newest = reader.row("select max(last_polled_at) as polled_at from stores")
    polled_at: datetime | None = newest and newest["polled_at"]
    at = polled_at and polled_at.replace(tzinfo=UTC)
    now = datetime.now(UTC)
    return {
        "newest": polled_at,
        "newest_age": at and age(at, now),
        "newest_is_old": at is None or is_long(at, now),
        "counts": reader.row(
            f"""
            select
                (select count(*) from rejected_rows) as rejected,
                (select count(*) from input_files) as files,
                (select count(*) from input_notes) as notes,
                (select count(*) from poll_gaps) as silences,
                (
                    select count(*) from store_board where current_status = 'not heard from'
                ) as silent,
                count(*) filter ({STORES["zone"][0]}) as zone,
                count(*) filter ({STORES["hours"][0]}) as hours,
                count(*) filter ({STORES["never"][0]}) as never,
                count(*) filter ({STORES["alone"][0]}) as alone,
                count(*) as stores
            from stores
            """
        ),
        "rejected": reader.rows(
            f"""
            select * from {reader.source("rejected_counts")}
            order by rows desc, input, reason
            limit {_REASONS_MAX}
            """
        ),
        **{name: _rows(reader, name, _ROWS_AT_FIRST)[0] for name in ("files", "notes", "silences")},
    }


def _list(
    reader: Reader, shown: Shown, source: str | None, reason: str | None, page: int
) -> dict[str, Any]:
    rows, part = _rows(reader, shown, _ROWS, page, source, reason)
    clocks = {}
    if shown in STORES:
        clocks = reader.clocks([row["store_id"] for row in rows])
    return {
        "rows": rows,
        **part,
        "clocks": clocks,
        "none_words": STORES[shown][2] if shown in STORES else "",
    }


# Which table, and in which order.
_LISTS = {
    "files": ("input_files", "loaded_at desc, input, place desc"),
    "notes": ("input_notes", "is_told desc, input, kind, file, note"),
    "silences": ("poll_gaps", "started_at desc"),
    "rows": ("rejected_rows", "input, file, line_number, store_id, reason, raw_values"),
}


def _chosen(shown: str, source: str | None, reason: str | None) -> tuple[Conditions, str]:
    """Return which rows a list shows, and in which order."""
    conditions = Conditions()
    if shown in STORES:
        conditions.add(STORES[shown][0])
        return conditions, "store_id"
    if shown == "rows":
        for column, value in (("input", source), ("reason", reason)):
            if value is not None:
                conditions.add(f"{column} = ?", value)
    return conditions, _LISTS[shown][1]


def _rows(
    reader: Reader,
    shown: str,
    rows: int,
    page: int = 1,
    source: str | None = None,
    reason: str | None = None,
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    table = "stores" if shown in STORES else reader.source(_LISTS[shown][0])
    return reader.part(table, *_chosen(shown, source, reason), page, rows)
