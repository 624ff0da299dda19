"""Whole tables as files: written once per release and question, and kept while there is room."""

import asyncio
import hashlib
import os
import time
from contextlib import suppress
from pathlib import Path
from uuid import uuid4
from weakref import WeakValueDictionary

# A file that was asked for just now is about to be sent.
_KEPT_SECONDS = 60


class TableFiles:
    """The files in one folder, which may be removed at any time."""

    def __init__(self, folder: Path, bytes_max: int) -> None:
        self._folder = folder
        self._bytes_max = bytes_max
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def path(self, release_id: str, asked: object, ending: str) -> Path:
        """Return where the answer to a question is, if it is there."""
        digest = hashlib.sha256(repr((release_id, asked)).encode()).hexdigest()
        return self._folder / f"{digest}.{ending}"

    def lock(self, path: Path) -> asyncio.Lock:
        """Return the lock of whoever writes a file, so that others wait for it."""
        return self._locks.setdefault(path.name, asyncio.Lock())

    def find(self, path: Path) -> os.stat_result | None:
        """Return what is known of a file, and count it as used; None if it is not there."""
        try:
            os.utime(path, (time.time(), path.stat().st_mtime))
            return path.stat()
        except FileNotFoundError:
            return None

    def unfinished(self) -> Path:
        """Return a name for a file that is being written, in the folder."""
        self._folder.mkdir(parents=True, exist_ok=True)
        return self._folder / f".{uuid4().hex}.tmp"

    def finish(self, unfinished: Path, path: Path) -> None:
        """Have a file found from now on; those that were used longest ago make room."""
        unfinished.replace(path)
        found = []
        for other in self._folder.iterdir():
            with suppress(FileNotFoundError):
                found.append((other.stat().st_atime, other.stat().st_size, other))
        size = sum(bytes for _, bytes, _ in found)
        for used_at, bytes, other in sorted(found):
            if other == path:
                continue
            if size <= self._bytes_max or used_at > time.time() - _KEPT_SECONDS:
                break
            other.unlink(missing_ok=True)
            size -= bytes
