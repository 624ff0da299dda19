"""The policy: the choices behind the numbers that have a var, with what each of them takes.

A new policy var goes here, into dbt_project.yml with the same default, and into the table under
"Policy" in models/_definitions.md; a test holds the three against each other.
"""

import csv
import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, Literal, Self, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError

from loader.errors import InputError
from loader.values import FIRST_POLL

_PROJECT = Path(__file__).parents[1]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MAX_POLL_GAP_HOURS = 1_000_000

# As inputs write an instant: a fraction may be longer than the microseconds that count.
_INSTANT = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)[T ](?P<time>\d\d:\d\d)(?P<second>:\d\d(?:\.\d{1,9})?)?"
    r" ?(?P<zone>Z|UTC|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?)?"
)
_TIME_OF_DAY = re.compile(r"([01]?\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?|24:00(:00(\.0{1,6})?)?")

BeforeFirstPoll = Literal["first_known", "unknown", "active", "inactive"]
WhenNeverPolled = Literal["unknown", "active", "inactive"]
Exclusions = Literal["exclude", "count_up", "ignore"]


class Policy(BaseModel):
    """The values of one build; each is what was given, once it is known to mean something."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    as_of: str | None = Field(
        None, description='An instant such as "2023-01-25 18:13:22"; null: the newest valid poll.'
    )
    default_timezone: str = Field(
        "America/Chicago", description="The zone of stores without a known one."
    )
    closes_at_midnight_from: str = Field(
        "23:59:00",
        description='Closing times from here on mean midnight; "24:00:00" switches that off.',
    )
    monday_is: Literal[0, 1] = Field(
        0, description="1 for hours that count from Monday = 1 to Sunday = 7."
    )
    status_before_first_poll: BeforeFirstPoll = Field(
        "first_known", description="The status of a store before its first poll."
    )
    status_when_never_polled: WhenNeverPolled = Field(
        "unknown", description="The status of a store without any poll."
    )
    max_poll_gap: int | float | None = Field(
        None, description="Hours that a status holds at most; null: until the next poll."
    )
    exclusions: Exclusions = Field("exclude", description="What becomes of excluded time.")

    @classmethod
    def from_vars(cls, values: Mapping[str, Any], own_vars: Iterable[str]) -> Self:
        """Return the policy that dbt's vars state; those of models of one's own are left alone.

        `own_vars` are the names that dbt_project.yml declares. Raises InputError if a var is not
        among them, as a misspelt name would leave the policy as it is, or if a value means nothing.
        """
        declared = list(own_vars)
        for name in values:
            if name not in declared and name not in cls.model_fields:
                raise InputError(f"there is no var {name}; there are {', '.join(declared)}.")
        try:
            return cls(**{name: values[name] for name in cls.model_fields if name in values})
        except ValidationError as error:
            raise InputError(error.errors()[0]["msg"]) from None

    @property
    def as_of_us(self) -> int | None:
        """The instant that is named, in microseconds since the epoch; None: the newest poll."""
        instant = None if self.as_of is None else _instant(self.as_of)
        return None if instant is None else (instant - _EPOCH) // timedelta(microseconds=1)

    @field_validator("as_of", mode="before")
    @classmethod
    def _check_as_of(cls, value: object) -> str | None:
        if value is None:
            return None
        instant = _instant(str(value))
        if instant is None:
            raise _refused(
                "as_of",
                value,
                '; it takes an instant such as "2023-01-25 18:13:22", in UTC unless it has an '
                "offset.",
            )
        if instant < FIRST_POLL:
            raise _refused("as_of", value, ", before 2015, from when on polls count.")
        return str(value)

    @field_validator("default_timezone", mode="before")
    @classmethod
    def _check_default_timezone(cls, value: object) -> str:
        if str(value) not in _timezones():
            raise _refused(
                "default_timezone", value, ", which the seed timezone_offsets does not know."
            )
        return str(value)

    @field_validator("closes_at_midnight_from", mode="before")
    @classmethod
    def _check_closes_at_midnight_from(cls, value: object) -> str:
        # YAML makes a number of 23:59:00 without quotes.
        if not _TIME_OF_DAY.fullmatch(str(value).strip()):
            raise _refused(
                "closes_at_midnight_from",
                value,
                '; it takes a time of day in quotes, such as "23:59:00".',
            )
        return str(value)

    @field_validator("monday_is", mode="before")
    @classmethod
    def _check_monday_is(cls, value: object) -> int:
        if str(value) not in ("0", "1"):
            raise _refused(
                "monday_is", value, "; it takes 0, or 1 for days from Monday = 1 to Sunday = 7."
            )
        return int(str(value))

    @field_validator(
        "status_before_first_poll", "status_when_never_polled", "exclusions", mode="before"
    )
    @classmethod
    def _check_word(cls, value: object, info: Any) -> str:
        accepted = get_args(cls.model_fields[info.field_name].annotation)
        if value not in accepted:
            raise _refused(info.field_name, value, f"; it takes {', '.join(accepted)}.")
        return str(value)

    @field_validator("max_poll_gap", mode="before")
    @classmethod
    def _check_max_poll_gap(cls, value: object) -> int | float | None:
        if value is None:
            return None
        try:
            hours = float(str(value))
        except ValueError:
            hours = 0.0
        # Not a number is not between them either.
        if not 0 < hours < _MAX_POLL_GAP_HOURS:
            raise _refused(
                "max_poll_gap",
                value,
                f"; it takes a number of hours above 0 and below {_MAX_POLL_GAP_HOURS}, or null.",
            )
        return int(hours) if hours.is_integer() else hours


def read_vars(given: Mapping[str, Any]) -> tuple[Policy, bool]:
    """Return the policy that a run's vars state, and whether they make it an experiment.

    `given` are the vars beside those of dbt_project.yml. Raises InputError if one means nothing.
    """
    declared = project_vars()
    policy = Policy.from_vars({**declared, **given}, declared)
    is_experiment = policy != Policy.from_vars(declared, declared) or any(
        declared.get(name) != value
        for name, value in given.items()
        if name not in Policy.model_fields
    )
    return policy, is_experiment


def said_of_vars(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a build needs to know of its vars beside those of dbt_project.yml.

    Raises InputError if one means nothing.
    """
    policy, is_experiment = read_vars(given)
    return {
        "vars": dict(given),
        "policy": policy.model_dump(),
        "named_as_of_us": policy.as_of_us,
        "is_experiment": is_experiment,
    }


def project_vars(project: Path = _PROJECT) -> dict[str, Any]:
    """Return the vars that dbt_project.yml declares, with their values there."""
    text = (project / "dbt_project.yml").read_text(encoding="utf-8")
    return yaml.safe_load(text).get("vars") or {}


def _refused(name: str, value: object, why: str) -> PydanticCustomError:
    # By way of the context, as braces in the text would be taken for places to fill.
    sentence = f'the var {name} is "{value}"{why}'
    return PydanticCustomError("policy", "{sentence}", {"sentence": sentence})


def _instant(text: str) -> datetime | None:
    """Return what is written, in UTC unless it has an offset; None if it is no instant."""
    said = _INSTANT.fullmatch(text.strip())
    if said is None:
        return None
    zone = said["zone"] or "Z"
    second = (said["second"] or ":00")[: len(":00.000000")]
    iso = f"{said['date']}T{said['time']}{second}{'+00:00' if zone in ('Z', 'UTC') else zone}"
    try:
        return datetime.fromisoformat(iso)
    except ValueError:
        return None


@cache
def _timezones() -> frozenset[str]:
    with (_PROJECT / "seeds" / "timezone_offsets.csv").open(encoding="utf-8", newline="") as file:
        return frozenset(row["timezone"] for row in csv.DictReader(file))
