"""Whether a release still says what the inputs and the models would say now."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

import duckdb

from api.input_columns import input_columns
from api.releases import Release, attach
from api.settings import PROJECT

ENDINGS = (".csv", ".csv.gz", ".parquet")

# What of the project the numbers depend on.
PROJECT_FILES = ("dbt_project.yml", "profiles.yml", "selectors.yml")
PROJECT_FOLDERS = ("models", "macros", "seeds", "tests/sql")

# A file's time is taken from a clock that ticks every few milliseconds.
TICK_SECONDS = 0.01


def why_outdated(release: Release | None, data: Path, project: Path = PROJECT) -> str | None:
    """Return why a build is needed, or None if the release is what a build would give."""
    if release is None:
        return "there is no release yet"
    if release.vars:
        return "the newest release was built with vars of its own"
    return _changed_project_file(release, project) or _changed_input(release, data, project)


def input_files(folder: Path) -> dict[str, os.stat_result]:
    """Return the input files of a folder, by their path without symbolic links.

    A folder that is gone has none; the build then says so.
    """
    called_like_inputs = _called_like_inputs(folder)
    return {entry.path: entry.stat() for entry in called_like_inputs if _is_read(entry)}


def not_read(folder: Path) -> str | None:
    """Return a sentence that names what is called like an input and not read."""
    names = sorted(entry.name for entry in _called_like_inputs(folder) if not _is_read(entry))
    if not names:
        return None
    *others, last = ENDINGS
    endings = f"{', '.join(others)} or {last}"
    return f"Not read, as inputs are files that end in {endings}: {', '.join(names)}."


def _called_like_inputs(folder: Path) -> Iterator[os.DirEntry[str]]:
    names = tuple(name for spec in input_columns().values() for name in spec["files"])
    real_folder = os.path.realpath(folder)
    with suppress(FileNotFoundError), os.scandir(real_folder) as entries:
        for entry in entries:
            if entry.name.lower().startswith(names):
                yield entry


def _is_read(entry: os.DirEntry[str]) -> bool:
    """Say whether it is a file, or a link that leads to one; others DuckDB does not see either."""
    is_file = entry.is_file(follow_symlinks=False) or os.path.isfile(entry)
    return is_file and entry.name.lower().endswith(ENDINGS)


def _changed_project_file(release: Release, project: Path) -> str | None:
    started_at = release.started_at.timestamp()
    for path in _project_paths(project):
        # A folder is newer if something in it was added, renamed or removed.
        if not path.exists() or path.stat().st_mtime > started_at:
            return f"{path.relative_to(project)} has changed"
    return None


def project_state(project: Path = PROJECT) -> list[tuple[str, int, int]]:
    """Return what tells one state of the project's files from another."""
    state = []
    for path in _project_paths(project):
        with suppress(FileNotFoundError):
            stat = path.stat()
            state.append((str(path), stat.st_mtime_ns, stat.st_size))
    return sorted(state)


def _project_paths(project: Path) -> Iterator[Path]:
    for name in PROJECT_FILES:
        yield project / name
    for name in PROJECT_FOLDERS:
        for folder, _, files in os.walk(project / name):
            yield Path(folder)
            for file in files:
                yield Path(folder, file)


def _changed_input(release: Release, data: Path, project: Path) -> str | None:
    """Compare name, size and time; DuckDB knows the time to the second only.

    So a file written since the build began counts as changed: it may have been read before.
    """
    try:
        known = _known_files(release, project)
    except duckdb.Error:
        return "the newest release cannot be read"
    began = release.started_at.timestamp() - TICK_SECONDS
    found = input_files(data)
    for file, stat in found.items():
        *version, counts_from = known.get(file, (None, None, None))
        if version != [stat.st_size, stat.st_mtime_ns // 1_000_000_000]:
            return f"{Path(file).name} is new or has changed"
        if began <= stat.st_mtime <= time.time():
            return f"{Path(file).name} was written while the newest release was built"
        if counts_from is not None and counts_from <= time.time():
            return f"polls of {Path(file).name} that were dated in the future count by now"
    for file in known.keys() - found.keys():
        return f"{Path(file).name} is gone"
    return None


def _known_files(release: Release, project: Path) -> dict[str, tuple[int, int, float | None]]:
    """Return size and time in seconds of the input files of a release, by their path.

    And from when on a poll in it counts that was rejected as future; None if there is none.
    """
    with attach(release.path) as connection:
        rows = connection.execute(
            """
            select file, size_bytes, modified_us // 1000000, counts_from_us / 1000000
            from input_files
            """
        ).fetchall()
    # Years of hourly files lie in one folder: look up the links in its path only once.
    real_folder = cache(os.path.realpath)
    known = {}
    for path, size, seconds, counts_from in rows:
        folder, name = os.path.split(path)
        known[os.path.join(real_folder(project / folder), name)] = (size, seconds, counts_from)
    return known
