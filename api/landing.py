"""Uploads that have landed among the inputs: files that builds read and that stay as they are."""

import hashlib
import os
import re
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from api.disk import sync
from api.settings import PROJECT
from api.uploads import Upload, remove_abandoned
from loader.errors import InputError
from loader.reading import SourceFile
from loader.reading.content import unpacked

# The time in its name is when an upload arrived: of contradictory rows those hold that came last.
_NAME = re.compile(
    r"(?P<input>[a-z_]+)_(?P<landed>\d{8}T\d{12})_(?P<sha256>[0-9a-f]{64})"
    r"\.(?P<format>(csv|json)(\.gz|\.zst)?|parquet)"
)

# Of these inputs the row holds that came last, so it matters when the same content comes again.
_LAST_HOLDS = ("stores", "timezones")
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class LandingError(Exception):
    """Nothing can land in the folder; the message says why and what to do."""


@dataclass(frozen=True)
class Landed:
    """A file that has landed; `sha256` is of its content, unpacked."""

    path: Path
    input: str
    sha256: str
    landed_at: datetime
    format: str


class Landing:
    """The uploads among the inputs of one folder."""

    def __init__(self, data: Path) -> None:
        """Look after uploads in `data`; what was never finished there goes."""
        self._data = data
        remove_abandoned(data)
        self._lock = threading.Lock()

    def check(self) -> None:
        """Raise LandingError if nothing is to be written there."""
        if self._data.resolve() == (PROJECT / "seeds").resolve():
            raise LandingError(
                "The inputs are the sample in seeds/, which stays as it is; "
                "set STORE_UPTIME_DATA to a folder of your own."
            )

    def find(self, sha256: str, input_name: str | None = None) -> Landed | None:
        """Return the file with this content, or None."""
        for name in os.listdir(self._data):
            if sha256 in name:
                landed = _landed(self._data / name)
                if landed is not None and input_name in (None, landed.input):
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
                landed.path.unlink()
                landed = None
            is_new = landed is None
            others = []
            if replaces or input_name in _LAST_HOLDS:
                others = [
                    found for found in self._of_input(input_name) if found.sha256 != upload.sha256
                ]
            latest = max((other.landed_at for other in others), default=_LONG_AGO)
            if landed is None:
                content_name = f"{upload.sha256}.{upload.format}"
                landed = self._take(upload.path, input_name, content_name, latest)
            elif landed.landed_at < latest and not replaces:
                content_name = landed.path.name.rpartition("_")[2]
                landed = self._take(landed.path, input_name, content_name, latest)
            if replaces:
                for other in others:
                    other.path.unlink(missing_ok=True)
                sync(self._data)
            return landed, is_new

    def _take(self, path: Path, input_name: str, content_name: str, latest: datetime) -> Landed:
        """Have a file come after the latest one of its input, whatever the clock says."""
        landed_at = max(datetime.now(UTC), latest + timedelta(microseconds=1))
        name = f"{input_name}_{landed_at:%Y%m%dT%H%M%S%f}_{content_name}"
        landed = _landed(path.replace(self._data / name))
        sync(self._data)
        assert landed is not None
        return landed

    def _of_input(self, input_name: str) -> list[Landed]:
        found = (_landed(path) for path in self._data.glob(f"{input_name}_*"))
        return [landed for landed in found if landed is not None and landed.input == input_name]


def _landed(path: Path) -> Landed | None:
    named = _NAME.fullmatch(path.name)
    if named is None:
        return None
    try:
        landed_at = datetime.strptime(named["landed"], "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)
    except ValueError:
        return None
    return Landed(path, named["input"], named["sha256"], landed_at, named["format"])


def _is_intact(landed: Landed) -> bool:
    """Say whether a file still has the content that it was named for."""
    found = hashlib.sha256()
    try:
        for chunk in unpacked(SourceFile(0, landed.path, landed.format)):
            found.update(chunk)
    except (OSError, InputError):
        return False
    return found.hexdigest() == landed.sha256
