"""The marts that the API hands out as they are: under which name, in which order, by what filtered.

A further mart is a line in `TABLES`. Its columns, their types and what they mean are those of its
YAML file.
"""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from fastapi import Query
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model

from api.pages import Key
from api.settings import PROJECT
from loader.inputs import INPUTS

_DOC = re.compile(r"\{\{ doc\('(\w+)'\) \}\}")
_DOC_BLOCK = re.compile(r"\{% docs (\w+) %\}\n(.*?)\n\{% enddocs %\}", re.DOTALL)


@dataclass(frozen=True)
class Column:
    """A column, with its type in lower case."""

    kind: str
    description: str


@dataclass(frozen=True)
class Filter:
    """A parameter that keeps some rows; the question mark in the condition is its value.

    `known` is SQL for the values that a release has, where those are data; others are refused.
    """

    name: str
    kind: Any
    condition: str
    description: str
    known: str = ""


@dataclass(eq=False)
class Table:
    """A mart, below a path, which is its name unless that is given.

    `sorts` has the columns of each order, the default first; those with a minus descend, nulls
    come last. Rows that are equal in all of them must be equal in all columns. An order is called
    by its first column, or by what stands before a colon.
    """

    path: str
    sorts: Sequence[str]
    filters: Sequence[Filter] = ()
    name: str = ""
    # Start and end of the rows' intervals, or the one column with their date.
    window: tuple[str, ...] = ()
    # Whether the stores must be named, since all of them are too many to sum up.
    needs_stores: bool = False
    # Whether the dates are planned ones, which may lie ahead and do not begin with the data.
    is_planned: bool = False
    # Whether there are rows about all stores, with `*` for the store.
    has_rows_of_all: bool = False
    orders: dict[str, str] = field(init=False)
    description: str = field(init=False)
    columns: dict[str, Column] = field(init=False)

    def __post_init__(self) -> None:
        """Look the columns up."""
        self.name = self.name or self.path
        self.description, self.columns = mart(self.name)
        named = (re.fullmatch(r"(?:(\w+): )?(-?(\w+).*)", sort) for sort in self.sorts)
        self.orders = {found[1] or found[3]: found[2] for found in named}

    @property
    def is_by_store(self) -> bool:
        """Whether each row is about one store, or about all of them."""
        return "store_id" in self.columns

    @property
    def is_by_attribute(self) -> bool:
        """Whether its rows can be filtered by what their stores have in common."""
        return self.is_by_store and "attribute" not in self.columns

    def keys(self, order: str) -> list[Key]:
        """Return what an order sorts by."""
        return [
            Key(sql, self.columns[sql].kind if sql in self.columns else "varchar", minus == "-")
            for minus, sql in re.findall(r"(-?)(\S+)", self.orders[order])
        ]


def _equals(column: str, description: str = "", kind: Any = str, known: str = "") -> Filter:
    return Filter(column, kind, f"{column} = ?", description, known)


def _as_released(attribute: str) -> str:
    """Return the name that a release has for an attribute as `uptime_targets` may name it."""
    name = attribute.strip().lower()
    return {"store": "store_id", "*": "all"}.get(name, name)


AttributeName = Annotated[str, AfterValidator(_as_released)]
Attribute = Annotated[
    AttributeName | None,
    Query(description="Such as `timezone` or `brand`; alone, of the stores that have it."),
]
AttributeValue = Annotated[
    str | None, Query(description="A value of the attribute, such as `America/Chicago`.")
]


def _by_attribute(known: str) -> tuple[Filter, ...]:
    return (
        _equals(
            "attribute",
            "Such as `timezone` or `all`; spelt as in `uptime_targets`.",
            AttributeName,
            known,
        ),
        _equals("value", "A value of the attribute."),
    )


def _periods(project: Path = PROJECT) -> tuple[str, ...]:
    with (project / "seeds" / "periods.csv").open(encoding="utf-8", newline="") as rows:
        return tuple(row["period"] for row in csv.DictReader(rows))


def mart(name: str, project: Path = PROJECT) -> tuple[str, dict[str, Column]]:
    """Return the description and the columns of a mart."""
    [described] = (project / "models" / "marts").glob(f"*/{name}.yml")
    said = yaml.safe_load(described.read_text("utf-8"))
    [model] = (model for model in said["models"] if model["name"] == name)
    columns = {
        column["name"]: Column(column["data_type"], _plain(column["description"]))
        for column in model["columns"]
    }
    return _plain(model["description"]), columns


_KINDS: dict[str, Any] = {
    "varchar": str,
    "varchar[]": list[str],
    "timestamp": datetime,
    "date": date,
    # On a store's clock, so without a zone, which a time in JSON Schema has.
    "time": str,
    "double": float,
    "decimal(24,6)": float,
    "bigint": int,
    "integer": int,
    "boolean": bool,
}


def row_type(
    title: str, table: str, without: Sequence[str] = (), nulls: Sequence[str] | None = None
) -> type[BaseModel]:
    """Return the model of a mart's rows.

    `nulls` are the columns that may be null besides ratios, by default all; with them the model is
    part of another answer, and says nothing of the columns that the table says.
    """
    columns: dict[str, Any] = {}
    for name, column in mart(table)[1].items():
        kind = _KINDS[column.kind]
        if nulls is None:
            columns[name] = (kind | None, Field(description=column.description))
        elif name not in without:
            may_be_null = name in nulls or name.endswith("_ratio")
            columns[name] = (kind | None if may_be_null else kind, ...)
    config = ConfigDict(extra="forbid")
    said = f"A row of the table `{table}`."
    return create_model(title, __config__=config, __doc__=said, **columns)


@cache
def _doc_blocks(project: Path = PROJECT) -> dict[str, str]:
    text = (project / "models" / "_definitions.md").read_text("utf-8")
    return dict(_DOC_BLOCK.findall(text))


def _plain(description: str) -> str:
    """Return a description with what dbt would put in place of references."""
    return _DOC.sub(lambda found: _doc_blocks()[found[1]], description).strip()


PERIODS = _periods()

_ATTRIBUTES = "select distinct attribute from store_groups"
_STORES_AND_GROUPS = _by_attribute(_ATTRIBUTES)
_GROUPS = _by_attribute("select distinct attribute from group_status")
_PERIOD = _equals("period", "The period.", Literal[PERIODS])
_STATUS = list[Literal["down", "not heard from", "unknown", "up", "closed", "excluded"]]
_STATUS_OF_STORE = Filter(
    "status",
    _STATUS,
    "list_contains(?, current_status)",
    "How the store is; several may be named.",
)
_REASONS = tuple(re.findall(r"`(\w+)`", _doc_blocks()["rejected_as"]))

TABLES = (
    Table(
        "current_status",
        ["urgency -since_at store_id", "length: since_at store_id", "store_id"],
        [_STATUS_OF_STORE],
    ),
    Table(
        "store_board",
        [
            "urgency since_at store_id",
            "-since_at store_id",
            "-day_downtime_seconds store_id",
            "-week_downtime_seconds store_id",
            "store_id",
        ],
        [
            _STATUS_OF_STORE,
            Filter(
                "least_polls",
                Annotated[int, Field(ge=0)],
                "polls_in_status >= ?",
                "How many polls at least say the same as the last.",
            ),
        ],
    ),
    Table(
        "outages",
        ["-started_at store_id", "-business_seconds_lost -started_at store_id"],
        [
            Filter("lasting", bool, "is_end_cut = ?", "Whether no active poll has ended it yet."),
            Filter(
                "least_seconds",
                Annotated[float, Field(ge=0, allow_inf_nan=False)],
                "wall_seconds >= ?",
                "How long it lasts at least, closed hours included.",
            ),
        ],
        window=("started_at", "ended_at"),
    ),
    Table(
        "reliability",
        [
            "store_id",
            "-outages store_id",
            "-business_seconds_lost store_id",
            "-mean_seconds_to_restore store_id",
            "mean_seconds_between_failures store_id",
        ],
        name="store_reliability",
    ),
    Table(
        "daily_uptime",
        ["store_id local_date", "-local_date store_id"],
        name="daily_store_uptime",
        window=("local_date",),
    ),
    Table(
        "hour_of_week",
        ["store_id day_of_week hour_of_day"],
        name="store_hour_of_week",
        needs_stores=True,
    ),
    Table("weekly_hours", ["store_id opens_on_day opens_at"]),
    Table(
        "special_hours",
        ["-local_date store_id opens_at closes_at is_closed"],
        window=("local_date",),
        is_planned=True,
        has_rows_of_all=True,
    ),
    Table(
        "hours_against_behaviour",
        ["store_id"],
        [
            Filter(
                "suspicious",
                bool,
                "(opens_later or closes_earlier or is_active_when_closed) = ?",
                "Whether the polls do not fit the hours in one way or another.",
            )
        ],
    ),
    Table(
        "common_causes",
        [
            "-first_seen_at attribute value",
            "-business_seconds_lost -first_seen_at attribute value",
        ],
        _GROUPS,
    ),
    Table("poll_gaps", ["-started_at"]),
    Table(
        "policy_comparison",
        ["store_id policy"],
        [
            _equals(
                "policy",
                "Such as `first_known` or `unknown, 4 h`.",
                known="select policy from intermediate.int_compared_policies",
            )
        ],
    ),
    Table("policy_effects", ["store_id", "-uptime_ratio_spread store_id"]),
    Table(
        "targets",
        [
            "attribute value calendar_period target_ratio -started_on",
            "-started_on attribute value calendar_period target_ratio",
        ],
        [
            *_STORES_AND_GROUPS,
            _equals(
                "calendar_period",
                "The length of the period.",
                Literal["day", "week", "month", "quarter", "year"],
            ),
            Filter("met", bool, "is_met = ?", "Whether the target is met."),
            Filter("running", bool, "is_running = ?", "Whether the calendar period is not over."),
        ],
        name="target_attainment",
    ),
    Table(
        "groups",
        ["attribute value -started_at period"],
        [*_GROUPS, _PERIOD],
        name="group_uptime",
    ),
    Table("group_status", ["attribute value"], _GROUPS),
    Table(
        "fleet_periods",
        ["attribute value -ended_at -started_at period"],
        [*_GROUPS, _equals("period", "The period.", Literal[(*PERIODS, "week_before")])],
    ),
    Table(
        "daily_group_uptime",
        ["attribute value date", "-date attribute value"],
        _GROUPS,
        window=("date",),
    ),
    Table("group_hour_of_week", ["attribute value day_of_week hour"], _GROUPS),
    Table(
        "exclusions",
        ["-started_at ended_at store_id md5(reason) md5(author)"],
        has_rows_of_all=True,
    ),
    Table(
        "rejected_rows",
        ["input file line_number store_id reason md5(raw_values)"],
        [
            _equals("input", "The input.", Literal[tuple(INPUTS)]),
            _equals("reason", "Why the rows are set aside.", Literal[_REASONS]),
        ],
    ),
    Table("rejected_counts", ["input reason"]),
    Table("period_uptime", ["store_id -started_at period"], [_PERIOD]),
    Table("store_groups", ["store_id attribute"], _STORES_AND_GROUPS),
    Table(
        "timeline",
        ["store_id started_at"],
        name="store_timeline",
        window=("started_at", "ended_at"),
    ),
    Table(
        "recent_polls",
        ["-polled_at store_id", "store_id polled_at"],
        [_equals("status", "What the store answered.", Literal["active", "inactive"])],
    ),
)

# Marts that have a list of another kind, or none.
FURTHER_TABLES = (
    Table("stores", ["store_id"]),
    Table("input_files", ["input file"]),
    Table("input_notes", ["input file kind note"]),
)
