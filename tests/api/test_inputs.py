"""A build is needed exactly if it would say something else than the newest release."""

import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from api.builds import why_outdated
from api.releases import Releases
from api.settings import Settings
from loader.load import load
from tests.api.conftest import LONG_AGO
from tests.api.fakes import polls_of, publish

# When the build of the release began: after the input was written, and a while ago.
BEGAN = datetime.now(UTC).replace(microsecond=500_000) - timedelta(hours=1)


@pytest.fixture
def polls(settings: Settings) -> Path:
    return settings.data / "store_status.csv"


def why(settings: Settings, project: Path) -> str | None:
    return why_outdated(Releases(settings.db).newest(), settings.data, settings.lake, project)


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


@pytest.mark.parametrize("name", ["store_status_2.jsonl", "2026/03/02/store_status.csv.zst"])
def test_new_input(settings: Settings, project: Path, name: str):
    publish(settings, BEGAN)
    (settings.data / name).parent.mkdir(parents=True, exist_ok=True)
    written(settings.data / name, polls_of("b"), LONG_AGO)
    assert why(settings, project) == f"{settings.data / name} is new"


def test_other_files_do_not_matter(settings: Settings, project: Path):
    publish(settings, BEGAN)
    written(settings.data / "notes.csv", "b\n", LONG_AGO)
    assert why(settings, project) is None


def test_input_changed(settings: Settings, project: Path, polls: Path):
    publish(settings, BEGAN)
    written(polls, polls_of("b"), LONG_AGO)
    assert why(settings, project) == f"{polls} has changed"


def test_input_gone(settings: Settings, project: Path, polls: Path):
    written(settings.data / "store_status_2.csv", polls_of("b"), LONG_AGO)
    publish(settings, BEGAN)
    polls.unlink()
    assert why(settings, project) == f"{polls} is gone"


def test_folder_gone(settings: Settings, project: Path):
    publish(settings, BEGAN)
    shutil.rmtree(settings.data)
    assert str(why(settings, project)).startswith(f"there is no folder {settings.data}.")


def test_inputs_that_were_loaded_and_not_released(settings: Settings, project: Path, polls: Path):
    """A build may fail after it has loaded them."""
    publish(settings, BEGAN)
    written(polls, polls_of("b"), LONG_AGO)
    load(settings.data, settings.lake)
    assert why(settings, project) == "the newest release was built from other inputs"


def test_lake_that_was_lost(settings: Settings, project: Path):
    publish(settings, BEGAN)
    shutil.rmtree(settings.lake)
    load(settings.data, settings.lake)
    assert why(settings, project) == "the newest release was built from other inputs"


def test_release_of_an_earlier_version_is_taken_over(settings: Settings, project: Path):
    publish(settings, BEGAN)
    shutil.rmtree(settings.lake)
    assert why(settings, project) is not None


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
            """
            update input_files set counts_from_us = epoch_us(now()) + 1000000 * ?
            where input = 'store_status'
            """,
            [seconds],
        )
    assert why(settings, project) == reason


def test_same_folder_by_another_path(settings: Settings, project: Path, tmp_path: Path):
    publish(settings, BEGAN)
    link = tmp_path / "link"
    link.symlink_to(settings.data)
    assert why_outdated(Releases(settings.db).newest(), link, settings.lake, project) is None


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
