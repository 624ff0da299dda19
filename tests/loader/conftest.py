"""A folder of inputs that tests write, and the lake that is made of it."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import pytest

from loader import load as loading
from loader.load import Load, load

POLLS = "store_id,status,timestamp_utc\n"
HOURS = "store_id,day,start_time_local,end_time_local\n"
ZONES = "store_id,timezone_str\n"

# 2026-03-02 12:00 UTC, before any file that a test writes.
CLOCK_US = 1_772_452_800_000_000


@dataclass
class Inputs:
    """The folder, the lake, and which files were read so far, by name."""

    data: Path
    lake: Path
    read: list[str] = field(default_factory=list)

    def write(self, name: str, text: str, at_us: int | None = None) -> Path:
        """Write a file, changed at an instant; long enough ago that its time is trusted."""
        path = self.data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if at_us is not None:
            os.utime(path, ns=(at_us * 1000, at_us * 1000))
        return path

    def load(self, **options: Any) -> Load:
        """Load the folder, and begin anew to note what is read."""
        self.read.clear()
        return load(self.data, self.lake, **options)

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        """Return what SQL finds in the views that dbt makes of the lake; present versions count."""
        with duckdb.connect() as connection:
            connection.execute(f"""
                create view versions as from read_parquet('{self.lake}/manifest.parquet');
                create view present as from versions where removed_load is null;
            """)
            for name in ("store_status", "business_hours", "timezones", "stores"):
                connection.execute(f"""
                    create view {name} as
                    from read_parquet('{self.lake}/{name}/*.parquet', hive_partitioning = false)
                    semi join present using (part_key)
                """)
            return connection.execute(sql).fetchall()

    def polls(self) -> list[tuple[Any, ...]]:
        """Return name of the file, line and store of the polls that count."""
        return self.ask("""
            select parse_filename(present.file), polls.line_number, polls.store_id
            from store_status as polls
            inner join present on polls.file_key = present.file_key
            order by all
        """)

    def parts(self, name: str = "store_status") -> set[str]:
        """Return the names of an input's files in the lake."""
        return {path.name for path in (self.lake / name).iterdir()} - {"empty.parquet"}


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inputs:
    """Offer a folder without any file."""
    inputs = Inputs(tmp_path / "data", tmp_path / "lake")
    inputs.data.mkdir()
    selects = loading.selects

    def note(connection: Any, one: Any, files: Any, *options: Any) -> list[str]:
        inputs.read += [os.path.basename(file.path) for file in files]
        return selects(connection, one, files, *options)

    monkeypatch.setattr(loading, "selects", note)
    return inputs


@pytest.fixture
def inputs(empty: Inputs) -> Inputs:
    """Offer a folder with a store A that was polled once."""
    empty.write("store_status.csv", f"{POLLS}A,active,2026-03-01 10:00:00 UTC\n")
    empty.write("business_hours.csv", f"{HOURS}A,0,09:00:00,17:00:00\n")
    empty.write("timezones.csv", f"{ZONES}A,America/New_York\n")
    return empty


@pytest.fixture
def trusting(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have times of change trusted at once, as after a tick of the file system's clock."""
    monkeypatch.setattr(loading, "_TICK_NS", -1_000_000_000_000)
    monkeypatch.setattr(loading, "_COARSE_TICK_NS", -1_000_000_000_000)
    return
