"""The files in the folder with the inputs: uploads among them, and what the loader sees."""

import hashlib
import os
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import quote, unquote

import duckdb
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from api.disk import for_clients
from api.settings import PROJECT
from api.uploads import Upload, is_upload, remove_abandoned
from loader.errors import InputError
from loader.finding import find, shown_folder
from loader.inputs import UPLOAD_NAME
from loader.manifest import Manifest, arrived_us, sync
from loader.reading import SourceFile
from loader.reading.content import unpacked

# Of these inputs the row holds that came last, so it matters when the same content comes again.
_LAST_HOLDS = ("stores", "timezones")
_LONG_AGO = datetime.min.replace(tzinfo=UTC)
# Of the name of a file, which takes 255 bytes on most disks.
_NAME_BYTES_MAX = 120
_LANDED = "%Y%m%dT%H%M%S%f"
_TICK = timedelta(microseconds=1)


@dataclass(frozen=True)
class Landed:
    """A file that has landed; `sha256` is of its content, unpacked.

    `sent` says how often it came under a name of its own: the last one counts, see the loader.
    Its name is encoded, so that it can be a part of the file's.
    """

    path: Path
    input: str
    sha256: str
    landed_at: datetime
    format: str
    sent: int
    encoded_name: str | None

    @property
    def upload_id(self) -> str:
        """What stays the same when it is sent again under its name."""
        return _upload_id(self.input, self.landed_at)

    @property
    def name(self) -> str | None:
        """Under which it was sent."""
        return None if self.encoded_name is None else unquote(self.encoded_name.replace("=", "%"))


class Landing:
    """The uploads among the inputs of one folder."""

    def __init__(self, data: Path) -> None:
        """Look after uploads in `data`; what was never finished there goes."""
        self._data = data
        self._lock = threading.Lock()
        remove_abandoned(data)
        for landed in self.uploads():
            if landed.sent > 1:
                self._remove_older(landed)

    def check(self) -> None:
        """Raise HTTPException 409 if nothing is to be written there."""
        if self._data.resolve() == (PROJECT / "seeds").resolve():
            raise HTTPException(
                409,
                "The inputs are the sample in seeds/, which stays as it is; "
                "set STORE_UPTIME_DATA to a folder of your own.",
            )

    def uploads(self, input_name: str | None = None) -> list[Landed]:
        """Return the uploads, each as it was sent last."""
        files = list(self._files(input_name))
        last: dict[str, int] = {}
        for landed in files:
            last[landed.upload_id] = max(last.get(landed.upload_id, 0), landed.sent)
        return [landed for landed in files if landed.sent == last[landed.upload_id]]

    def find(self, sha256: str, input_name: str | None = None) -> Landed | None:
        """Return the upload with this content, or None."""
        return next((found for found in self.uploads(input_name) if found.sha256 == sha256), None)

    def named(self, input_name: str, name: str) -> Landed | None:
        """Return the upload that came under a name, or whose file or id is or was called so."""
        for landed in self.uploads(input_name):
            if name == landed.name or _id_in(name) == landed.upload_id:
                return landed
        return None

    def land(self, upload: Upload, input_name: str, replaces: bool) -> tuple[Landed, bool]:
        """Make a finished upload an input; return its file, and whether it is new.

        Once this returns the file is there whatever happens. The same content is not landed
        twice; sent again, it counts as come last where that matters. With `replaces`, what has
        landed for the input before goes.
        """
        with self._lock:
            landed = self.find(upload.sha256, input_name)
            if landed is not None and not _is_intact(landed):
                self._remove(landed)
                landed = None
            is_new = landed is None
            others = []
            if replaces or input_name in _LAST_HOLDS:
                others = [
                    found for found in self.uploads(input_name) if found.sha256 != upload.sha256
                ]
            latest = max((other.landed_at for other in others), default=_LONG_AGO)
            if landed is None:
                content = f"{upload.sha256}.{upload.format}"
                landed = self._arrive(upload.path, input_name, content, latest)
            elif landed.landed_at < latest and not replaces:
                content = landed.path.name.removeprefix(f"{landed.upload_id}_")
                landed = self._arrive(landed.path, input_name, content, latest)
            if replaces:
                for other in others:
                    self._remove(other)
            return landed, is_new

    def put(self, upload: Upload, input_name: str, name: str) -> tuple[Landed, Landed | None]:
        """Make a finished upload the one of its name; return its file, and the one before.

        It stands where the one before it stood in the order of arrival. That one counts until this
        one does: one step has both changed, whenever the service is killed.
        """
        with self._lock:
            before = self.named(input_name, name)
            if before is None:
                content = f"{upload.sha256}.1.{encoded(name)}.{upload.format}"
                return self._arrive(upload.path, input_name, content, _LONG_AGO), None
            if before.sha256 == upload.sha256 and _is_intact(before):
                return before, before
            given = f"{before.sent + 1}.{before.encoded_name or before.upload_id}"
            content = f"{upload.sha256}.{given}.{upload.format}"
            landed = self._take(upload.path, f"{before.upload_id}_{content}")
            self._remove_older(landed)
            return landed, before

    def remove(self, upload_id: str, why_not: Callable[[Landed], str | None]) -> Landed | None:
        """Remove an upload, by its id or the name of its file; None if there is none.

        Raises HTTPException 409 with the sentence that says why it has to stay, if there is one.
        """
        with self._lock:
            for landed in self.uploads():
                if _id_in(upload_id) == landed.upload_id:
                    if said := why_not(landed):
                        raise HTTPException(409, said)
                    self._remove(landed)
                    return landed
        return None

    def _arrive(self, path: Path, input_name: str, content: str, latest: datetime) -> Landed:
        """Have a file come after the latest one of its input, whatever the clock says."""
        landed_at = max(datetime.now(UTC), latest + _TICK)
        taken = {found.landed_at for found in self._files(input_name)}
        while landed_at in taken:
            landed_at += _TICK
        return self._take(path, f"{_upload_id(input_name, landed_at)}_{content}")

    def _take(self, path: Path, name: str) -> Landed:
        """Give a file its name, by which it is an input."""
        landed = _landed(path.replace(self._data / name))
        sync(self._data)
        assert landed is not None
        return landed

    def _remove(self, landed: Landed) -> None:
        """Remove an upload; what it took the place of goes first, so that nothing comes back."""
        self._remove_older(landed)
        landed.path.unlink(missing_ok=True)
        sync(self._data)

    def _remove_older(self, landed: Landed) -> None:
        for older in list(self._files(landed.input)):
            if older.upload_id == landed.upload_id and older.sent < landed.sent:
                older.path.unlink(missing_ok=True)
                sync(self._data)

    def _files(self, input_name: str | None = None) -> Iterator[Landed]:
        for name in os.listdir(self._data):
            landed = _landed(self._data / name)
            if landed is not None and input_name in (None, landed.input):
                yield landed


def encoded(name: str) -> str:
    """Return a name as a part of that of a file; raises HTTPException 422 if it is too long.

    Without `%`, so that the file's name may stand in an address as it is.
    """
    text = quote(name, safe="").replace(".", "%2E").replace("%", "=")
    if len(text) > _NAME_BYTES_MAX:
        raise HTTPException(422, f"The name is too long: encoded it has {len(text)} bytes.")
    return text


def _id_in(text: str) -> str:
    """Return the id of an upload of which this is the id, or was the name of its file."""
    landed = _landed(Path(text))
    return landed.upload_id if landed and landed.path.name == text else text


def _upload_id(input_name: str, landed_at: datetime) -> str:
    return f"{input_name}_{landed_at:{_LANDED}}"


def _landed(path: Path) -> Landed | None:
    named = re.fullmatch(UPLOAD_NAME, path.name)
    if named is None:
        return None
    try:
        landed_at = datetime.strptime(named["landed"], _LANDED).replace(tzinfo=UTC)
    except ValueError:
        return None
    return Landed(
        path,
        named["input"],
        named["sha256"],
        landed_at,
        named["format"],
        int(named["sent"] or 0),
        named["name"],
    )


def _is_intact(landed: Landed) -> bool:
    """Say whether a file still has the content that it was named for."""
    found = hashlib.sha256()
    try:
        for chunk in unpacked(SourceFile(0, landed.path, landed.format)):
            found.update(chunk)
    except (OSError, InputError):
        return False
    return found.hexdigest() == landed.sha256


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
