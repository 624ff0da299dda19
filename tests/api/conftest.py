"""A warehouse of fake releases, and the service on top of it."""

import os
import shutil
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api import jobs
from api.builds import Staging, read_staging, service_builder, service_target, why_outdated
from api.main import create_app
from api.releases import Releases
from api.settings import PROJECT, Settings
from tests.api.fakes import FakeBuilder, local_client, polls_of
from tests.api.readable import ODD_IDS
from tests.api.services import Service
from tests.conftest import Once

LONG_AGO = time.time() - 86_400

A = "1000000000000000001"
B = "1000000000000000002"
ODD = (*ODD_IDS, "a/explain", "x" * 1000)


def quoted_in_csv(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


# What each optional input may say, and stores that fail together, with odd names and others.
FURTHER_INPUTS = {
    "stores": f"""store_id,brand
{A},red
{B},blue
1000000000000000003,red
""",
    "special_hours": f"""store_id,date,start_time_local,end_time_local,closed
{A},2026-03-11,10:00,12:00,
{A},2026-03-16,,,yes
*,2026-03-16,12:00,24:00,
*,2026-03-17,,,yes
""",
    "exclusions": f"""store_id,from,to,reason,author
{A},2026-03-10T20:00:00Z,2026-03-10T21:00:00Z,move,me
{B},2026-03-09T20:00:00Z,2026-03-09T21:00:00Z,,
{B},2026-03-09T20:00:00Z,2026-03-09T21:00:00Z,,
{B},2026-03-09T20:00:00Z,2026-03-09T21:00:00Z,,
*,2026-03-11T18:00:00Z,2026-03-11T18:10:00Z,upgrade,me
""",
    "uptime_targets": f"""attribute,value,ratio,period
brand,red,99%,week
all,,0.5,month
store_id,{A},0.9,day
""",
    "timezones_together": """store_id,timezone_str
t1,Asia/Tokyo
t2,Asia/Tokyo
t3,Asia/Tokyo
""",
    "store_status_together": "store_id,status,timestamp_utc\n"
    + "".join(
        f"{store_id},{status},2026-03-10 {hour}:00:00 UTC\n"
        for store_id in ("t1", "t2", "t3", *(quoted_in_csv(odd) for odd in ODD))
        for hour, status in ((10, "active"), (11, "inactive"), (12, "active"))
    ),
}


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a dbt project that was written long ago in place of the real one, which may change."""
    project = tmp_path / "project"
    for name in (
        "dbt_project.yml",
        "profiles.yml",
        "models/marts/stores.sql",
        "seeds/periods.csv",
        "loader/load.py",
    ):
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    for path in project.rglob("*"):
        os.utime(path, (LONG_AGO, LONG_AGO))
    monkeypatch.setattr(jobs, "why_outdated", partial(why_outdated, project=project))
    return project


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_in(tmp_path)


def settings_in(folder: Path) -> Settings:
    """Return empty folders, with one poll of store `a`, written long ago."""
    for name in ("data", "warehouse", "output"):
        (folder / name).mkdir()
    for name, text in {
        "store_status": polls_of("a"),
        "business_hours": "store_id,day,start_time_local,end_time_local\n",
        "timezones": "store_id,timezone_str\n",
    }.items():
        file = folder / "data" / f"{name}.csv"
        file.write_text(text)
        os.utime(file, (LONG_AGO, LONG_AGO))
    return Settings(
        data=folder / "data",
        db=folder / "warehouse" / "store_uptime.duckdb",
        output=folder / "output",
        host="127.0.0.1",
        port=8000,
        build_timeout_seconds=10,
        build_wait_seconds=10,
        releases_kept=3,
        releases_kept_seconds=600,
    )


@pytest.fixture
def builder(settings: Settings) -> FakeBuilder:
    return FakeBuilder(settings)


@pytest.fixture
def client(settings: Settings, builder: FakeBuilder) -> Iterator[TestClient]:
    app = create_app(settings, builder)
    with local_client(app) as client:
        yield client


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    """Offer a server process with the real project, on folders of its own."""
    service = Service(tmp_path)
    try:
        yield service
    finally:
        service.stop()


@pytest.fixture(scope="session")
def built(once: Once, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Staging]:
    """Build the sample, with something in each table, as the service does."""

    def build() -> tuple[Path, Staging]:
        folder = tmp_path_factory.mktemp("sample")
        data = shutil.copytree(PROJECT / "seeds", folder / "data")
        for name, text in FURTHER_INPUTS.items():
            (data / f"{name}.csv").write_text(text)
        settings = Settings(data=data, db=folder / "warehouse" / "store_uptime.duckdb")
        builder = service_builder(settings)
        try:
            builder.build()
            staging = read_staging(service_target(settings), settings.build_timeout_seconds)
        finally:
            builder.close()
        return Releases(settings.db).newest().path, staging

    return once("sample of the service", build)


@pytest.fixture(scope="session")
def sample(built: tuple[Path, Staging]) -> Path:
    """Offer the release that dbt makes of the sample."""
    return built[0]


@pytest.fixture(scope="session")
def staging(built: tuple[Path, Staging]) -> Staging:
    """Offer staging's compiled SQL, as the service's worker keeps it."""
    return built[1]
