"""Bodies on their way to disk: unpacked, counted and hashed as they come, chunk by chunk."""

import hashlib
import os
import time
from pathlib import Path
from typing import Literal
from uuid import uuid4

from api.unpacking import Gzip, GzipError

Format = Literal["csv", "csv.gz", "parquet"]

_GZIP, _PARQUET = b"\x1f\x8b", b"PAR1"

# The name of a file that is still being written; it is no name of an input.
_UNFINISHED = ".upload-"

# A process that was killed leaves its unfinished file; nobody writes on one for so long.
_ABANDONED_SECONDS = 86_400


class UploadError(Exception):
    """A body that cannot be taken; the message says why."""


class TooLargeError(UploadError):
    """A body that is longer than the settings allow."""


def check_unpacked_size(size: int, unpacked_bytes_max: int) -> None:
    """Raise TooLargeError if content is longer, once unpacked, than the setting allows."""
    if size > unpacked_bytes_max:
        raise TooLargeError(
            f"The unpacked content is longer than {unpacked_bytes_max} bytes, the most "
            "that STORE_UPTIME_UNPACKED_BYTES_MAX allows; send it in parts."
        )


class Upload:
    """One body, in a file that no build sees; `sha256` and `size` are of the unpacked content.

    CSV that comes packed stays packed, since builds read it so.
    """

    def __init__(self, folder: Path, bytes_max: int, unpacked_bytes_max: int) -> None:
        """Write into `folder`, where the file can later be renamed; refuse what is too large."""
        self.path = folder / f"{_UNFINISHED}{uuid4().hex}.tmp"
        self.size = 0
        self.bytes_sent = 0
        self.format: Format | None = None
        self._bytes_max = bytes_max
        self._unpacked_bytes_max = unpacked_bytes_max
        self._hash = hashlib.sha256()
        self._file = self.path.open("xb")
        self._unpacking: Gzip | None = None

    @property
    def is_packed(self) -> bool:
        return self._unpacking is not None

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def write(self, chunk: bytes) -> None:
        """Take the next bytes of the body; raises UploadError if they cannot be."""
        self.bytes_sent += len(chunk)
        if self.bytes_sent > self._bytes_max:
            raise TooLargeError(
                f"The body is longer than {self._bytes_max} bytes, the most that "
                "STORE_UPTIME_UPLOAD_BYTES_MAX allows; send it packed or in parts."
            )
        if self.bytes_sent == len(chunk) and chunk.startswith(_GZIP):
            self._unpacking = Gzip()
        if self._unpacking is None:
            self._take(chunk)
            self._file.write(chunk)
            return
        try:
            for unpacked in self._unpacking.chunks(chunk):
                self._take(unpacked)
                if self.format == "parquet":
                    self._file.write(unpacked)
        except GzipError as error:
            raise UploadError(f"The body {error}.") from None
        if self.format != "parquet":
            self._file.write(chunk)

    def finish(self) -> None:
        """Have all of the file on disk; raises UploadError if the body ends too early."""
        try:
            if self._unpacking is not None:
                self._unpacking.finish()
        except GzipError as error:
            raise UploadError(f"The body {error}.") from None
        if self.format is None:
            raise UploadError("The body is empty; a CSV or Parquet file is expected.")
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()

    def discard(self) -> None:
        """Remove the file unless it has been renamed."""
        self._file.close()
        self.path.unlink(missing_ok=True)

    def _take(self, unpacked: bytes) -> None:
        self.size += len(unpacked)
        check_unpacked_size(self.size, self._unpacked_bytes_max)
        self._hash.update(unpacked)
        if self.format is None and unpacked:
            if unpacked.startswith(_GZIP):
                raise UploadError("The body is packed with gzip twice; once is expected.")
            packed: Format = "csv" if self._unpacking is None else "csv.gz"
            self.format = "parquet" if unpacked.startswith(_PARQUET) else packed


def remove_abandoned(folder: Path) -> None:
    """Remove what processes that were killed left unfinished."""
    for path in folder.glob(f"{_UNFINISHED}*.tmp"):
        if path.stat().st_mtime < time.time() - _ABANDONED_SECONDS:
            path.unlink(missing_ok=True)
