"""The inputs as the loader sees them, and whether a release still says what a build would say."""

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import duckdb
from pydantic import BaseModel, Field

from api.disk import for_clients
from api.releases import Release, attach
from api.settings import PROJECT
from api.uploads import Landing, is_upload
from loader.errors import InputError
from loader.finding import find, shown_folder
from loader.load import why_changed
from loader.manifest import Manifest, arrived_us

# What of the project the numbers depend on.
PROJECT_FILES = ("dbt_project.yml", "profiles.yml")
PROJECT_FOLDERS = ("models", "macros", "seeds", "tests/sql", "loader")


class InputFile(BaseModel):
    """A file in the folder with the inputs, or one that has gone from there since the last load."""

    id: str = Field(description="Of an upload; of other files their name, below the folder.")
    input: str
    file: str = Field(description="Its name, below the folder with the inputs.")
    state: Literal["counted", "waiting", "leaving", "forgotten", "not_read"] = Field(
        description="`counted`: it is in the lake, and counts. `waiting`: it is new or has "
        "changed, and the next build reads it. `leaving`: it is gone, and counts until then. "
        "`forgotten`: it was taken out by hand. `not_read`: see `note`."
    )
    is_upload: bool = Field(
        False, description="Whether it came by HTTP; only these can be removed."
    )
    name: str | None = Field(None, description="Under which it was sent, if it was given a name.")
    by: str | None = Field(
        None, description="Who sent it, as long as the audit log has that; see `/audit`."
    )
    bytes: int | None = None
    rows: int | None = Field(None, description="How many the loader has read; null before that.")
    set_aside: int | None = Field(
        None,
        description="How many of them the loader has set aside, since they are no rows. What else "
        "builds set aside is in the table `rejected_rows`.",
    )
    arrived_at: datetime | None = Field(
        None, description="When it arrived: of rows that contradict each other the last one holds."
    )
    loaded_at: datetime | None = Field(None, description="When it was read.")
    note: str | None = Field(None, description="What is to be said of it.")


def listed_inputs(data: Path, lake: Path, landing: Landing) -> list[InputFile]:
    """Return the files of a folder, and those that the lake has still, by input and name.

    Raises InputError if the folder cannot be read.
    """
    found, notes = find(data)
    uploads = {landed.path.name: landed for landed in landing.uploads()}
    prefix = f"{shown_folder(data)}/"
    with duckdb.connect() as connection:
        Manifest(connection, lake)
        rows = connection.execute("""
            select
                input, path, file, size_bytes, modified_ns, rows, set_aside, arrived_us,
                loaded_at_us, forgotten_at_us is not null, forgotten_by, forgotten_why,
            from versions
            where is_there or removed_load is null
        """).fetchall()
    versions = {(input_name, path): row for input_name, path, *row in rows}
    listed = []
    for file in found:
        version = versions.pop((file.input, file.path), None)
        name = os.path.basename(file.path)
        landed = uploads.get(name)
        modified_us = file.modified_ns // 1000
        state, note = "waiting", None
        rows_read = set_aside = loaded_us = None
        arrived = arrived_us(name, modified_us, modified_us)
        if version is not None and version[1:3] == [file.size_bytes, file.modified_ns]:
            _, _, _, rows_read, set_aside, arrived, loaded_us, is_forgotten, by, why = version
            state = "forgotten" if is_forgotten else "counted"
            note = f"Forgotten by {by}{f': {why}' if why else ''}." if is_forgotten else None
        listed.append(
            InputFile(
                id=landed.upload_id if landed else file.file.removeprefix(prefix),
                input=file.input,
                file=file.file.removeprefix(prefix),
                state=state,
                is_upload=landed is not None,
                name=landed and landed.name,
                bytes=file.size_bytes,
                rows=rows_read,
                set_aside=set_aside,
                arrived_at=_instant(arrived),
                loaded_at=_instant(loaded_us),
                note=note,
            )
        )
    for (input_name, _), (file, size, _, rows_read, set_aside, *_) in versions.items():
        # It may be of another folder.
        below = for_clients(file, data)
        listed.append(
            InputFile(
                id=below,
                input=input_name,
                file=below,
                state="leaving",
                is_upload=is_upload(os.path.basename(file)),
                bytes=size,
                rows=rows_read,
                set_aside=set_aside,
            )
        )
    for note in notes:
        file, said = note.file.removeprefix(prefix), for_clients(note.note, data)
        listed.append(InputFile(id=file, input=note.input, file=file, state="not_read", note=said))
    return sorted(listed, key=lambda file: (file.input, file.file))


def file_put_by_hand(data: Path, input_name: str | None, name: str) -> str | None:
    """Return the file of this name, below the folder, if it is an input that did not come by HTTP.

    An input alone is looked at, or with None all.
    """
    try:
        found, _ = find(data)
    except InputError:
        return None
    prefix = f"{shown_folder(data)}/"
    for file in found:
        below = file.file.removeprefix(prefix)
        if input_name in (None, file.input) and name in (below, os.path.basename(below)):
            return None if is_upload(os.path.basename(below)) else below
    return None


def _instant(at_us: int | None) -> datetime | None:
    return None if at_us is None else datetime.fromtimestamp(0, UTC) + timedelta(microseconds=at_us)


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
