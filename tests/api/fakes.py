"""Releases as dbt would publish them, made without dbt: one store per line of the polls."""

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

from api.builds import Progress, Tell, tell_nobody
from api.inputs import input_files
from api.rows import literal
from api.settings import Settings

AS_OF = "2026-03-12T18:13:22.479220Z"
HEADER = (
    "store_id,uptime_last_hour(min),downtime_last_hour(min),uptime_last_day(min),"
    "downtime_last_day(min),uptime_last_week(min),downtime_last_week(min)"
)


def csv_of(*store_ids: str) -> str:
    """Return the report of a release with these stores."""
    rows = [f"{store_id},60.00,0.00,1440.00,0.00,10080.00,0.00" for store_id in store_ids]
    return "\n".join([HEADER, *rows]) + "\n"


def write_release(db: Path, data: Path) -> Path:
    """Write a release of the inputs as they are now, and return its path."""
    path = db.parent / "releases" / f"{uuid4().hex}.duckdb"
    path.parent.mkdir(parents=True, exist_ok=True)
    minutes = ", ".join(f'"{name}" decimal(9, 2)' for name in HEADER.split(",")[1:])
    with duckdb.connect() as connection:
        connection.execute(
            f"""
            attach {literal(path)} as release (storage_version 'v1.5.0');
            use release;
            create table store_report_minutes (store_id varchar, {minutes});
            create table input_files (
                input varchar, file varchar, size_bytes bigint, modified_us bigint,
                counts_from_us bigint
            );
            create table rejected_rows as select 'store_status' as input, 'bad_time' as reason
            """
        )
        for file, stat in input_files(data).items():
            # DuckDB knows a file's time to the second.
            connection.execute(
                "insert into input_files values ('store_status', ?, ?, ?, null)",
                [file, stat.st_size, int(stat.st_mtime) * 1_000_000],
            )
            for store_id in Path(file).read_text().split():
                connection.execute(
                    "insert into store_report_minutes values (?, 60, 0, 1440, 0, 10080, 0)",
                    [store_id],
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
    }
    (db.parent / "current.json").write_text(json.dumps(said))


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
        self.meanwhile()
        point_to(release, self._settings.db, began)

    def finish(self) -> None:
        self.is_finished = True

    def close(self) -> None:
        self.may_end.set()
