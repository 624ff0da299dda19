"""Releases as dbt would publish them, made without dbt: of each store that was polled."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import duckdb
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.builds import CancelledError, Progress, Tell, tell_nobody
from api.rows import literal
from api.settings import Settings
from loader.load import load
from loader.manifest import Manifest

AS_OF = "2026-03-12T18:13:22.479220Z"
HEADER = (
    "store_id,uptime_last_hour(min),downtime_last_hour(min),uptime_last_day(min),"
    "downtime_last_day(min),uptime_last_week(min),downtime_last_week(min)"
)


def csv_of(*store_ids: str) -> str:
    """Return the report of a release with these stores."""
    rows = [f"{store_id},60.00,0.00,1440.00,0.00,10080.00,0.00" for store_id in store_ids]
    return "\n".join([HEADER, *rows]) + "\n"


def polls_of(*store_ids: str) -> str:
    """Return the content of a file with one poll of each of these stores."""
    rows = [f"{store_id},active,2026-03-12 18:00:00 UTC" for store_id in store_ids]
    return "\n".join(["store_id,status,timestamp_utc", *rows]) + "\n"


def write_release(db: Path, data: Path) -> Path:
    """Load the inputs as they are now, write a release of them, and return its path."""
    lake = db.parent / "lake"
    load(data, lake)
    path = db.parent / "releases" / f"{uuid4().hex}.duckdb"
    path.parent.mkdir(parents=True, exist_ok=True)
    minutes = ", ".join(f'"{name}" decimal(9, 2)' for name in HEADER.split(",")[1:])
    with duckdb.connect() as connection:
        connection.execute(
            f"""
            attach {literal(path)} as release (storage_version 'v1.5.0');
            use release;
            create table store_report_minutes (store_id varchar, {minutes});
            create table versions as
            select * from read_parquet({literal(lake / "manifest.parquet")})
            where removed_load is null;
            create table input_files as
            select input, file, null::bigint as counts_from_us from versions;
            insert into store_report_minutes
            select distinct store_id, 60, 0, 1440, 0, 10080, 0
            from read_parquet({literal(lake / "store_status" / "*.parquet")})
            where part_key in (select part_key from versions) and store_id is not null;
            create table input_notes as
            select *, true as is_told from read_parquet({literal(lake / "notes.parquet")});
            create table rejected_rows as select 'store_status' as input, 'bad_time' as reason;
            create table current_status as
            select store_id, 'up' as current_status from store_report_minutes
            """
        )
    return path


def point_to(
    release: Path,
    db: Path,
    began: datetime,
    release_vars: dict[str, Any] | None = None,
    as_of: str = AS_OF,
) -> None:
    """Make a release the newest; its build began then, with these vars."""
    said = {
        "release": release.stem,
        "path": f"releases/{release.name}",
        "as_of": as_of,
        "started_at": began.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "published_at": datetime.now(UTC).isoformat(),
        "vars": release_vars or {},
        "lake_id": None,
        "load": None,
    }
    if (db.parent / "lake").exists():
        with duckdb.connect() as connection:
            manifest = Manifest(connection, db.parent / "lake")
        said |= {"lake_id": manifest.lake_id, "load": manifest.load}
    for path in (release.with_suffix(".json"), db.parent / "current.json"):
        path.write_text(json.dumps(said))


def publish(
    settings: Settings, began: datetime | None = None, release_vars: dict[str, Any] | None = None
) -> Path:
    """Publish a release of the inputs as they are now, and return its path."""
    began = began or datetime.now(UTC)
    release = write_release(settings.db, settings.data)
    point_to(release, settings.db, began, release_vars)
    return release


def local_client(app: FastAPI) -> TestClient:
    """Return a client on the machine of the service, to which it is open without tokens."""
    return TestClient(
        app,
        base_url="http://127.0.0.1",
        client=("127.0.0.1", 50000),
        raise_server_exceptions=False,
    )


class FakeBuilder:
    """Publishes a release for each build, and lets a test step in."""

    def __init__(self, settings: Settings) -> None:
        self.builds = 0
        self.is_finished = False
        self.is_cancelled = threading.Event()
        self.has_begun = threading.Event()
        self.may_end = threading.Event()
        self.may_end.set()
        # Called in each build, after it has read the inputs; a build fails with what it raises.
        self.meanwhile: Callable[[], None] = lambda: None
        self._settings = settings

    def warm_up(self) -> None:
        pass

    def build(self, tell: Tell = tell_nobody) -> None:
        self.builds += 1
        began = datetime.now(UTC)
        release = write_release(self._settings.db, self._settings.data)
        tell(Progress(models_done=2, models_all=3))
        self.has_begun.set()
        assert self.may_end.wait(10)
        if self.is_cancelled.is_set():
            self.is_cancelled.clear()
            raise CancelledError("Nobody waits for the build any more.")
        self.meanwhile()
        point_to(release, self._settings.db, began)

    def finish(self) -> None:
        self.is_finished = True

    def cancel(self) -> None:
        self.is_cancelled.set()
        self.may_end.set()

    def close(self) -> None:
        self.may_end.set()
