"""A build is needed exactly if it would say something else than the newest release."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from api.inputs import input_files, why_outdated
from api.releases import Releases
from api.settings import Settings
from tests.api.conftest import LONG_AGO
from tests.api.fakes import publish

# When the build of the release began: after the input was written, and a while ago.
BEGAN = datetime.now(UTC).replace(microsecond=500_000) - timedelta(hours=1)


@pytest.fixture
def polls(settings: Settings) -> Path:
    return settings.data / "store_status.csv"


def why(settings: Settings, project: Path) -> str | None:
    return why_outdated(Releases(settings.db).newest(), settings.data, project)


def written(path: Path, text: str, at: datetime | float) -> None:
    """Write a file at an instant."""
    seconds = at.timestamp() if isinstance(at, datetime) else at
    path.write_text(text)
    os.utime(path, (seconds, seconds))


def test_nothing_changed(settings: Settings, project: Path):
    publish(settings, BEGAN)
    assert why(settings, project) is None


def test_no_release(settings: Settings, project: Path):
    assert why(settings, project) == "there is no release yet"


def test_vars_of_its_own(settings: Settings, project: Path):
    publish(settings, BEGAN, {"as_of": "2026-03-01"})
    assert why(settings, project) == "the newest release was built with vars of its own"


@pytest.mark.parametrize(
    "name",
    [
        "store_status_2.csv",
        "store_status.csv.gz",
        "store_status.parquet",
        "Store_Status.CSV.GZ",
        "business_hours.csv",
        "menu_hours.csv",
        "timezones.csv",
    ],
)
def test_new_input(settings: Settings, project: Path, name: str):
    publish(settings, BEGAN)
    written(settings.data / name, "b\n", LONG_AGO)
    assert why(settings, project) == f"{name} is new or has changed"


@pytest.mark.parametrize("name", ["notes.csv", "store_status.txt", ".store_status.csv"])
def test_other_files_do_not_matter(settings: Settings, project: Path, name: str):
    publish(settings, BEGAN)
    written(settings.data / name, "b\n", LONG_AGO)
    assert why(settings, project) is None


def test_input_of_another_size(settings: Settings, project: Path, polls: Path):
    publish(settings, BEGAN)
    written(polls, "a\nb\n", LONG_AGO)
    assert why(settings, project) == "store_status.csv is new or has changed"


def test_input_of_the_same_size_and_another_time(settings: Settings, project: Path, polls: Path):
    publish(settings, BEGAN)
    written(polls, "b\n", LONG_AGO + 1)
    assert why(settings, project) == "store_status.csv is new or has changed"


def test_input_gone(settings: Settings, project: Path, polls: Path):
    publish(settings, BEGAN)
    polls.unlink()
    assert why(settings, project) == "store_status.csv is gone"


def test_folder_gone(settings: Settings, project: Path, polls: Path):
    publish(settings, BEGAN)
    polls.unlink()
    settings.data.rmdir()
    assert why(settings, project) == "store_status.csv is gone"


def test_input_rewritten_in_the_second_in_which_it_was_read(
    settings: Settings, project: Path, polls: Path
):
    written(polls, "a\n", BEGAN - timedelta(milliseconds=100))
    publish(settings, BEGAN)
    assert why(settings, project) is None
    written(polls, "b\n", BEGAN + timedelta(milliseconds=100))
    assert why(settings, project) == (
        "store_status.csv was written while the newest release was built"
    )


def test_input_from_the_future_does_not_ask_for_builds_until_then(
    settings: Settings, project: Path, polls: Path
):
    written(polls, "a\n", datetime.now(UTC) + timedelta(days=1))
    publish(settings, BEGAN)
    assert why(settings, project) is None


@pytest.mark.parametrize(
    ("seconds", "reason"),
    [(60, None), (-60, "polls of store_status.csv that were dated in the future count by now")],
)
def test_polls_from_the_future_ask_for_a_build_once_they_count(
    settings: Settings, project: Path, seconds: int, reason: str | None
):
    release = publish(settings, BEGAN)
    with duckdb.connect(str(release)) as connection:
        connection.execute(
            "update input_files set counts_from_us = epoch_us(now()) + 1000000 * ?", [seconds]
        )
    assert why(settings, project) == reason


@pytest.mark.parametrize("target", ["store_status_link.csv", "nowhere.csv"])
def test_link_that_leads_to_no_file_is_no_input(settings: Settings, target: str):
    (settings.data / "store_status_link.csv").symlink_to(target)
    assert [Path(file).name for file in input_files(settings.data)] == ["store_status.csv"]


def test_same_folder_by_another_path(settings: Settings, project: Path, tmp_path: Path):
    publish(settings, BEGAN)
    link = tmp_path / "link"
    link.symlink_to(settings.data)
    assert why_outdated(Releases(settings.db).newest(), link, project) is None


@pytest.mark.parametrize("name", ["dbt_project.yml", "models/marts/stores.sql"])
def test_project_file_changed(settings: Settings, project: Path, name: str):
    publish(settings, BEGAN)
    written(project / name, "x", BEGAN + timedelta(seconds=1))
    assert why(settings, project) == f"{name} has changed"


def test_project_file_removed(settings: Settings, project: Path):
    publish(settings, BEGAN)
    (project / "models/marts/stores.sql").unlink()
    assert why(settings, project) == "models/marts has changed"


def test_release_that_cannot_be_read(settings: Settings, project: Path):
    publish(settings, BEGAN).write_bytes(b"not a database" * 1000)
    assert why(settings, project) == "the newest release cannot be read"
