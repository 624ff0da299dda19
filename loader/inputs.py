"""The inputs: how their files are called, and under which names each column may come.

A new spelling of a column goes here, and nowhere else. The API and the documentation use it, too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

# How the name of a file ends that is read; text may be packed.
TEXT_ENDINGS = (".csv", ".json", ".jsonl", ".ndjson")
PACKED_ENDINGS = (".gz", ".zst")
ENDINGS = (
    *TEXT_ENDINGS,
    ".parquet",
    *(text + packed for text in TEXT_ENDINGS for packed in PACKED_ENDINGS),
)

# How a file is called that came by HTTP: by its input, when it arrived, the hash of its content,
# and, if it was sent under a name of its own, by how often and that name.
UPLOAD_NAME = (
    r"(?P<input>[a-z_]+)_(?P<landed>\d{8}T\d{12})_(?P<sha256>[0-9a-f]{64})"
    r"(?:\.(?P<sent>\d+)\.(?P<name>[^.]+))?\.(?P<format>(?:csv|json)(?:\.gz|\.zst)?|parquet)"
)

# Names that the models give to columns of a store: a column of `stores` gets `given_` in front.
NAMES_OF_MODELS = (
    "timezone",
    "is_timezone_given",
    "has_business_hours",
    "is_always_open",
    "first_polled_at",
    "last_polled_at",
    "last_status",
    "named_by",
    "file_key",
    "row_number",
    "file",
    "store_key",
    "rejected_as",
    "raw_values",
    "none",
    "store",
    "all",
    "store_of_group",
    "raw_rows",
)


def bare(name: str) -> str:
    """Return what counts of the name of a column: its letters and digits."""
    return "".join(filter(str.isalnum, name.lower()))


# Every row of the lake begins with these, whatever the input.
_ROW = {
    "part_key": "bigint",
    "file_key": "bigint",
    "line_number": "bigint",
    "lines": "bigint",
    "store_id": "varchar",
    "set_aside_as": "varchar",
    "raw_values": "varchar",
}


@dataclass(frozen=True)
class Input:
    """One input; a folder may have many files of it, each of which begins with one of `files`.

    `columns` gives for each column the spellings of its name, all lower case. Of a name in a file
    only letters and digits count: `Store ID` and `storeId` are `store_id`. `lake_columns` are those
    of its rows in the lake that come after the ones that all inputs share.
    """

    name: str
    files: tuple[str, ...]
    row: str
    columns: Mapping[str, tuple[str, ...]]
    lake_columns: Mapping[str, str]
    optional_columns: frozenset[str] = frozenset()
    is_optional: bool = False
    takes_further_columns: bool = False
    # Of an input that is large only what the file system says is compared, not the content.
    is_large: bool = False
    schema: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        """Lay out all columns of the lake with their types, in order."""
        object.__setattr__(self, "schema", {**_ROW, **self.lake_columns})


INPUTS: Mapping[str, Input] = {
    one.name: one
    for one in (
        Input(
            name="store_status",
            files=("store_status",),
            row="one poll of a store",
            columns={
                "store_id": ("store_id",),
                "status": ("status",),
                "timestamp_utc": ("timestamp_utc",),
            },
            lake_columns={"is_active": "boolean", "polled_us": "bigint"},
            is_large=True,
        ),
        Input(
            name="business_hours",
            files=("business_hours", "menu_hours"),
            row="the hours of a store on one day of the week",
            columns={
                "store_id": ("store_id",),
                "day": ("dayofweek", "day_of_week", "day"),
                "start_time_local": ("start_time_local",),
                "end_time_local": ("end_time_local",),
                "valid_from": ("valid_from",),
                "valid_to": ("valid_to",),
            },
            optional_columns=frozenset({"valid_from", "valid_to"}),
            lake_columns={
                "day_of_week": "integer",
                "day_number": "integer",
                "opens_us": "bigint",
                "closes_us": "bigint",
                "valid_from_day": "integer",
                "valid_to_day": "integer",
                "has_valid_from": "boolean",
                "has_valid_to": "boolean",
            },
        ),
        Input(
            name="timezones",
            files=("timezones",),
            row="the time zone of a store",
            columns={"store_id": ("store_id",), "timezone_str": ("timezone_str",)},
            lake_columns={"timezone": "varchar"},
        ),
        Input(
            name="special_hours",
            files=("special_hours",),
            row="the hours of a store on one date, or that it is closed",
            columns={
                "store_id": ("store_id",),
                "date": ("date", "local_date"),
                "start_time_local": ("start_time_local", "opening", "opens"),
                "end_time_local": ("end_time_local", "closing", "closes"),
                "closed": ("closed", "is_closed"),
            },
            optional_columns=frozenset({"start_time_local", "end_time_local", "closed"}),
            is_optional=True,
            lake_columns={
                "local_day": "integer",
                "opens_us": "bigint",
                "closes_us": "bigint",
                "opening": "varchar",
                "closing": "varchar",
                "closed": "varchar",
                "is_closed": "boolean",
            },
        ),
        Input(
            name="exclusions",
            files=("exclusions",),
            row="a stretch of time that does not count, of one store or of all",
            columns={
                "store_id": ("store_id",),
                "from": ("from", "from_utc", "started_at"),
                "to": ("to", "to_utc", "ended_at"),
                "reason": ("reason",),
                "author": ("author",),
            },
            optional_columns=frozenset({"reason", "author"}),
            is_optional=True,
            lake_columns={
                "started_us": "bigint",
                "ended_us": "bigint",
                "reason": "varchar",
                "author": "varchar",
            },
        ),
        Input(
            name="stores",
            files=("stores",),
            row="what is known of a store, in columns of any name",
            columns={"store_id": ("store_id",)},
            is_optional=True,
            takes_further_columns=True,
            lake_columns={"attributes": "varchar"},
        ),
        Input(
            name="uptime_targets",
            files=("uptime_targets",),
            row="the uptime that stores with one value of an attribute are held to",
            columns={
                "attribute": ("attribute",),
                "value": ("value",),
                "ratio": ("ratio", "target"),
                "period": ("period",),
            },
            optional_columns=frozenset({"value"}),
            is_optional=True,
            lake_columns={
                "attribute": "varchar",
                "value": "varchar",
                "ratio": "varchar",
                "period": "varchar",
            },
        ),
    )
}
