"""All settings of the service, read from the environment and checked at start."""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

import duckdb
from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

# The folder that holds dbt_project.yml; relative paths in the settings start here.
PROJECT = Path(__file__).resolve().parent.parent

# No setting makes a page of a list longer.
ROWS_MAX = 1000
# Variables of the target `spark` in profiles.yml.
_SPARK_NAMES = ("SPARK_MASTER", "SPARK_WAREHOUSE", "SPARK_POLLS", "SPARK_MEMORY")
# In seconds; timers take no more than some years.
_YEAR = 365 * 86_400


class SettingsError(ValueError):
    """A setting that cannot be used; the message names it, its value and what is accepted."""


class Settings(BaseSettings):
    """Settings, each an environment variable `STORE_UPTIME_…`; an empty one counts as unset."""

    model_config = SettingsConfigDict(
        env_prefix="STORE_UPTIME_", env_ignore_empty=True, frozen=True, validate_default=True
    )

    data: Path = Field(
        Path("seeds"), description="Folder with the inputs; unset: the sample in `seeds/`."
    )
    db: Path = Field(
        Path("warehouse/store_uptime.duckdb"),
        description="DuckDB file that `dbt build` writes; its releases are published beside it.",
    )
    output: Path = Field(
        Path("output"), description="Folder for the reports and the record of who asked for them."
    )
    host: str = Field("127.0.0.1", description="Address on which the service listens.")
    port: int = Field(8000, ge=1, le=65535, description="Port on which the service listens.")
    memory_limit: str = Field(
        "5GB", description="Memory of a build; beyond that it spills to disk."
    )
    build_timeout_seconds: float = Field(
        3600,
        gt=0,
        le=_YEAR,
        description="A build that takes longer is ended, and its reports fail.",
    )
    build_wait_seconds: float = Field(
        300,
        ge=0,
        le=_YEAR,
        description="How long a build waits for another process that has the DuckDB file open.",
    )
    refresh_minutes: float = Field(
        0,
        ge=0,
        le=525_600,
        description="After so many minutes it is built without being asked, if anything has "
        "changed; 0: never.",
    )
    reports_kept_days: float = Field(
        30, gt=0, le=36500, description="Reports that were finished longer ago are removed."
    )
    releases_kept: int = Field(
        3, ge=1, description="How many of the newest releases are kept for readers that lag behind."
    )
    releases_kept_seconds: float = Field(
        600, ge=0, description="A release younger than this is kept, however many there are."
    )
    query_timeout_seconds: float = Field(
        30,
        gt=0,
        le=_YEAR,
        description="A query that takes longer is interrupted, and answered with 503.",
    )
    table_timeout_seconds: float = Field(
        300, gt=0, le=_YEAR, description="How long it may take to write a whole table as a file."
    )
    table_bytes_max: int = Field(
        2_000_000_000,
        ge=0,
        description="How many bytes of such files are kept for whoever asks for them again.",
    )
    upload_bytes_max: int = Field(
        500_000_000, ge=1, description="How many bytes the body of an upload may have."
    )
    unpacked_bytes_max: int = Field(
        500_000_000, ge=1, description="How many bytes an upload may have once it is unpacked."
    )
    upload_rows_max: int = Field(
        10_000_000, ge=1, description="How many rows, or lines of text, an upload may have."
    )
    upload_seconds_max: float = Field(
        30, gt=0, le=_YEAR, description="How long it may take to judge an upload."
    )
    uploads_at_once: int = Field(
        100, ge=1, le=10**6, description="How many uploads may come at once; further ones get 503."
    )
    upload_files_max: int = Field(
        100_000, ge=1, description="How many files that came by HTTP the folder may have."
    )
    page_rows_max: int = Field(
        ROWS_MAX, ge=1, le=ROWS_MAX, description="How many rows one page of a list may have."
    )
    window_days_max: float = Field(
        400,
        gt=0,
        le=36500,
        description="How long a window of time may be that figures are asked for.",
    )

    allowed_hosts: str = Field(
        "",
        description="Names besides localhost, with blanks between, by which this machine may be "
        "asked while there are no tokens.",
    )
    requests_per_minute: int = Field(
        6000,
        ge=0,
        le=10**9,
        description="How many requests a token may send in a minute; 0: no limit.",
    )
    body_bytes_max: int = Field(
        1_000_000, ge=0, description="How many bytes a body may have that is not an upload."
    )
    audit_kept_days: float = Field(
        365, gt=0, le=36500, description="Entries of the audit log that are older are removed."
    )
    audit_entries_max: int = Field(
        100_000,
        ge=1,
        description="How many changes, and how many refusals, the audit log keeps.",
    )
    free_bytes_min: int = Field(
        100_000_000, ge=0, description="With less of the disk free the service is not ready."
    )
    poll_age_seconds_max: int = Field(
        0, ge=0, description="With no newer poll the service is not ready; 0: that is not checked."
    )
    connections_max: int = Field(
        500, ge=1, le=10**6, description="How many connections there may be; further ones get 503."
    )
    keep_alive_seconds: int = Field(
        30, ge=0, le=_YEAR, description="A connection on which nothing comes for so long is closed."
    )
    header_bytes_max: int = Field(
        65_536, ge=1024, description="How many bytes the address and headers of a request may have."
    )
    backlog: int = Field(
        2048, ge=1, le=10**6, description="How many connections may wait to be accepted."
    )
    stop_seconds: int = Field(
        1, ge=0, description="How long answers may take to end once the service is to stop."
    )

    @property
    def folders(self) -> tuple[Path, ...]:
        """The folders that no client is told of."""
        return (self.data, self.db.parent, self.output, PROJECT)

    @property
    def lake(self) -> Path:
        """The folder in which the loader keeps what it has read."""
        return self.db.parent / "lake"

    @field_validator("data", "db", "output")
    @classmethod
    def _absolute(cls, path: Path) -> Path:
        return PROJECT / path.expanduser()

    @field_validator("data")
    @classmethod
    def _is_folder(cls, path: Path) -> Path:
        if not path.is_dir():
            raise ValueError("there is no such folder")
        return path

    @field_validator("db")
    @classmethod
    def _is_database_name(cls, path: Path) -> Path:
        if path.suffix != ".duckdb":
            raise ValueError("a name that ends in .duckdb is expected")
        return path

    @field_validator("memory_limit")
    @classmethod
    def _is_size(cls, limit: str) -> str:
        try:
            duckdb.connect(config={"memory_limit": limit}).close()
        except duckdb.Error:
            raise ValueError("a size such as 4GB or 500MiB is expected") from None
        return limit


def unknown_settings(environment: Iterable[str]) -> list[str]:
    """Return a sentence for each variable that is called like a setting, and is none."""
    names = [*(name.upper() for name in Settings.model_fields), *_SPARK_NAMES]
    said = []
    for given in sorted(environment):
        prefix, ours, name = given.upper().partition("STORE_UPTIME_")
        if ours and not prefix:
            if name in names:
                continue
            meant = get_close_matches(name, names, 1, 0.8)
        else:
            known = [f"STORE_UPTIME_{name}" for name in names]
            meant = get_close_matches(given.upper(), known, 1, 0.93)
            if not meant:
                continue
        hint = ": `python -m api --help` lists all."
        if meant:
            hint = f"; is STORE_UPTIME_{meant[0].removeprefix('STORE_UPTIME_')} meant?"
        said.append(f"There is no setting {given}{hint}")
    return said


def read_settings() -> Settings:
    """Read the settings from the environment, or raise a SettingsError that says what is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        lines = [
            f"STORE_UPTIME_{str(found['loc'][0]).upper()}={found['input']}: "
            + found["msg"].removeprefix("Value error, ")
            for found in error.errors()
        ]
        raise SettingsError("\n".join(lines)) from None
