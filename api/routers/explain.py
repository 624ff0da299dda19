"""What the figures of a store are made of, so that anyone can add them up by hand."""

import json
from datetime import datetime
from typing import Literal

import duckdb
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from api.reading import (
    REFUSALS,
    START_CUT_TEXT,
    From,
    StoreId,
    To,
    answer,
    check_stores_known,
    refuse_other_stores,
    window,
)
from api.releases import Release
from api.rows import json_object, json_value

router = APIRouter(tags=["stores"])

_START, _END = json_value("started_at", "TIMESTAMP"), json_value("ended_at", "TIMESTAMP")
_SECONDS = json_value("seconds", "DOUBLE")
_INTERVAL = {"started_at": _START, "ended_at": _END}
# What is told of each kind of row that explain_uptime gives, and under which name, in this order.
_PARTS = {
    "figure": ("figures", {"figure": "figure", "seconds": _SECONDS}),
    "window": ("windows", {**_INTERVAL, "seconds": _SECONDS}),
    "exclusion": ("exclusions", _INTERVAL),
    "poll": ("polls", {"polled_at": _START, "status": "status"}),
    "run": ("runs", {"started_at": _START, "last_polled_at": _END, "status": "status"}),
    "timeline": (
        "timeline",
        {
            **_INTERVAL,
            "status": "status",
            "is_confirmed": "is_confirmed",
            "figure": "figure",
            "seconds": _SECONDS,
        },
    ),
}


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Figure(_Part):
    """A figure of the window."""

    figure: str = Field(examples=["uptime_seconds"])
    seconds: float


class Interval(_Part):
    """A stretch of time."""

    started_at: datetime
    ended_at: datetime


class BusinessWindow(Interval):
    """A stretch in which the store was open, clipped to the window asked for."""

    seconds: float = Field(description="Counts as `business_seconds`.")


class Poll(_Part):
    """What the store answered."""

    polled_at: datetime
    status: Literal["active", "inactive"]


class Run(_Part):
    """Polls one after another that agree."""

    started_at: datetime
    last_polled_at: datetime
    status: Literal["active", "inactive"]


class Stretch(Interval):
    """A stretch of business time with one status, clipped to the window asked for."""

    status: str
    is_confirmed: bool
    figure: str = Field(
        description="What its seconds count as. Confirmed ones count as `confirmed_seconds`, too; "
        "`uptime_seconds_min` is what is up and confirmed, and `uptime_seconds_max` the business "
        "time without what is excluded, or down and confirmed."
    )
    seconds: float


class Explanation(_Part):
    """The figures of a store in a window, and what each of them is the sum of."""

    as_of: datetime
    store_id: str
    started_at: datetime
    ended_at: datetime
    is_start_cut: bool = Field(description=START_CUT_TEXT)
    figures: list[Figure]
    windows: list[BusinessWindow]
    exclusions: list[Interval] = Field(description="As they were given, not clipped.")
    polls: list[Poll] = Field(
        description="From the one in force at the start to the first after the end. They are "
        "kept for 192 hours up to `as_of`: of those before that only the last is told, if the "
        "next one says otherwise or came more than two hours later."
    )
    runs: list[Run] = Field(
        description="From the one in force at the start to the first after the end."
    )
    timeline: list[Stretch]


@router.get(
    "/stores/{store_id:encoded}/explain",
    response_class=Response,
    responses={200: {"model": Explanation}, **REFUSALS},
)
async def explain(
    request: Request, store_id: StoreId, from_at: From = None, to_at: To = None
) -> Response:
    """Tell the windows, polls, runs and stretches of the timeline behind each figure of a store."""
    refuse_other_stores(request, [store_id])

    def ask(release: Release, connection: duckdb.DuckDBPyConnection) -> bytes:
        shown = window(request, release, connection, from_at, to_at)
        check_stores_known(connection, [store_id])
        cases = [f"when '{kind}' then {json_object(told)}" for kind, (_, told) in _PARTS.items()]
        parts = dict(
            connection.execute(
                f"""
                select kind, string_agg(case kind {" ".join(cases)} end, ',' order by place)
                from (
                    select *, row_number() over () as place
                    from explain_uptime(?, cast(? as timestamp), cast(? as timestamp))
                )
                group by kind
                """,
                [store_id, shown.started_at, shown.ended_at],
            ).fetchall()
        )
        head = {
            "as_of": release.as_of,
            "store_id": store_id,
            **shown.said,
        }
        told = [f'"{name}": [{parts.get(kind, "")}]' for kind, (name, _) in _PARTS.items()]
        return f"{json.dumps(head, ensure_ascii=False)[:-1]}, {', '.join(told)}}}".encode()

    return await answer(request, ask)
