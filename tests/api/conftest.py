"""A warehouse of fake releases, and the service on top of it."""

import os
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api import jobs
from api.inputs import why_outdated
from api.main import create_app
from api.settings import Settings
from tests.api.fakes import FakeBuilder, local_client

LONG_AGO = time.time() - 86_400


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put a dbt project that was written long ago in place of the real one, which may change."""
    project = tmp_path / "project"
    for name in ("dbt_project.yml", "profiles.yml", "models/marts/stores.sql", "seeds/periods.csv"):
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    for path in project.rglob("*"):
        os.utime(path, (LONG_AGO, LONG_AGO))
    monkeypatch.setattr(jobs, "why_outdated", partial(why_outdated, project=project))
    return project


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Offer empty folders, with one poll of store `a`, written long ago."""
    for name in ("data", "warehouse", "output"):
        (tmp_path / name).mkdir()
    polls = tmp_path / "data" / "store_status.csv"
    polls.write_text("a\n")
    os.utime(polls, (LONG_AGO, LONG_AGO))
    return Settings(
        data=tmp_path / "data",
        db=tmp_path / "warehouse" / "store_uptime.duckdb",
        output=tmp_path / "output",
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
