"""What can be asked of a report beyond the default."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from api.instants import Instant

Format = Literal["csv", "parquet", "json", "xlsx"]
MEDIA_TYPES: dict[Format, str] = {
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
    "json": "application/json",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
# How many stores can be named in one request.
STORES_MAX = 1000


def _in_utc(instant: datetime) -> datetime:
    try:
        return instant.replace(tzinfo=instant.tzinfo or UTC).astimezone(UTC)
    except OverflowError:
        raise ValueError("an instant from year 1 to 9999 in UTC is expected") from None


class ReportOptions(BaseModel):
    """Options of a report; without any it is the CSV of all stores, in minutes, as of now."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        json_schema_extra={
            "examples": [{"as_of": "2026-03-10T12:00:00Z", "units": "mixed", "format": "xlsx"}]
        },
    )

    as_of: Annotated[Instant, AfterValidator(_in_utc)] | None = Field(
        None,
        description="The instant to look back from, by default the newest poll; without a zone it "
        "is UTC. Not before the first poll of all, nor more than a day after the newest: until "
        "then the last statuses hold.",
    )
    units: Literal["minutes", "mixed"] = Field(
        "minutes", description="`mixed`: minutes for the hour, hours for day and week."
    )
    columns: Literal["default", "all"] = Field(
        "default",
        description="`all`: after the default ones, for each period also unknown, excluded, "
        "business and confirmed time, the least and the most uptime, the uptime and the coverage "
        "ratio, and the number of polls. With `as_of` further back than a day, what depends on "
        "polls that are not kept any more is empty.",
    )
    format: Format = Field(
        "csv",
        description="Of the file. In CSV, an id that a spreadsheet would run as a formula, such as "
        "`=cmd()`, has an apostrophe in front; the others have every id as it is.",
    )
    stores: list[Annotated[str, StringConstraints(min_length=1, max_length=1000)]] | None = Field(
        None,
        min_length=1,
        max_length=STORES_MAX,
        description="Ids of the stores to report, by default all.",
    )
