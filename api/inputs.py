"""Whether a release still says what the inputs and the models would say now."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import duckdb

from api.releases import Release, attach
from api.settings import PROJECT
from loader.errors import InputError
from loader.finding import find
from loader.load import why_changed
from loader.manifest import Manifest

# What of the project the numbers depend on.
PROJECT_FILES = ("dbt_project.yml", "profiles.yml")
PROJECT_FOLDERS = ("models", "macros", "seeds", "tests/sql", "loader")


def why_outdated(
    release: Release | None, data: Path, lake: Path, project: Path = PROJECT
) -> str | None:
    """Return why a build is needed, or None if the release is what a build would give."""
    if release is None:
        return "there is no release yet"
    if release.vars:
        return "the newest release was built with vars of its own"
    try:
        return (
            _changed_project_file(release, project)
            or why_changed(data, lake)
            or _other_load(release, lake)
            or _poll_that_counts_by_now(release)
        )
    except InputError as error:
        # The build says it to whoever asked.
        return str(error)
    except duckdb.Error:
        return "the newest release cannot be read"


def input_files(data: Path) -> set[str]:
    """Return the real paths of the input files of a folder; one that is gone has none."""
    try:
        found, _ = find(data)
    except InputError:
        return set()
    return {file.path for file in found}


def project_state(project: Path = PROJECT) -> list[tuple[str, int, int]]:
    """Return what tells one state of the project's files from another."""
    state = []
    for path in _project_paths(project):
        with suppress(FileNotFoundError):
            stat = path.stat()
            state.append((str(path), stat.st_mtime_ns, stat.st_size))
    return sorted(state)


def _changed_project_file(release: Release, project: Path) -> str | None:
    started_at = release.started_at.timestamp()
    for path in _project_paths(project):
        # A folder is newer if something in it was added, renamed or removed.
        if not path.exists() or path.stat().st_mtime > started_at:
            return f"{path.relative_to(project)} has changed"
    return None


def _project_paths(project: Path) -> Iterator[Path]:
    for name in PROJECT_FILES:
        yield project / name
    for name in PROJECT_FOLDERS:
        for folder, folders, files in os.walk(project / name):
            # Python writes there whenever it likes.
            with suppress(ValueError):
                folders.remove("__pycache__")
            yield Path(folder)
            for file in files:
                yield Path(folder, file)


def _other_load(release: Release, lake: Path) -> str | None:
    """Tell of a load that no release was made of, as the build after it failed, for instance."""
    with duckdb.connect() as connection:
        manifest = Manifest(connection, lake)
    if (release.lake_id, release.load) != (manifest.lake_id, manifest.load):
        return "the newest release was built from other inputs"
    return None


def _poll_that_counts_by_now(release: Release) -> str | None:
    """Tell of a poll that was dated in the future when the release was built."""
    with attach(release.path) as connection:
        rows = connection.execute(
            "select file from input_files where counts_from_us <= ? limit 1",
            [time.time_ns() // 1000],
        ).fetchall()
    for (file,) in rows:
        return f"polls of {os.path.basename(file)} that were dated in the future count by now"
    return None
