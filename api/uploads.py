"""Bodies on their way to disk: counted as they come, then unpacked to see what they hold."""

import hashlib
import os
import time
from pathlib import Path
from uuid import uuid4

from loader.errors import InputError
from loader.reading import SourceFile
from loader.reading.content import unpacked

_PACKED = {b"\x1f\x8b": ".gz", b"\x28\xb5\x2f\xfd": ".zst"}
_PACKERS = {".gz": "gzip", ".zst": "Zstandard"}
_PARQUET = b"PAR1"
_BLANKS_KEPT = 16
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"

# The name of a file that is still being written; it is no name of an input.
_UNFINISHED = ".upload-"

# What the loader's sentences call a body, which becomes "the body".
_SHOWN = "<body>"

# A process that was killed leaves its unfinished file; nobody writes on one for so long.
_ABANDONED_SECONDS = 86_400


class UploadError(Exception):
    """A body that cannot be taken; the message says why."""


class TooLargeError(UploadError):
    """A body that is longer than the settings allow."""


def check_size(size: int, unpacked_bytes_max: int) -> None:
    """Raise TooLargeError if content is longer, once unpacked, than the setting allows."""
    if size > unpacked_bytes_max:
        raise TooLargeError(
            f"The unpacked content is longer than {unpacked_bytes_max} bytes, the most "
            "that STORE_UPTIME_UNPACKED_BYTES_MAX allows; send it in parts."
        )


def check_rows(rows: int, upload_rows_max: int) -> None:
    """Raise TooLargeError if there are more rows, or lines, than the setting allows."""
    if rows > upload_rows_max:
        raise TooLargeError(
            f"There are more than {upload_rows_max} rows, the most that "
            "STORE_UPTIME_UPLOAD_ROWS_MAX allows; send them in parts."
        )


def sentence(error: InputError) -> str:
    """Return what the loader says of a body, as a sentence that stands alone."""
    text = str(error).replace(f"the file {_SHOWN}", "the body").replace(_SHOWN, "the body")
    return text[0].upper() + text[1:]


class Upload:
    """One body, in a file that no build sees; `sha256` and `size` are of the unpacked content.

    `format` is how the name of such a file ends, once the upload is finished. What comes packed
    stays packed, since builds read it so; but for Parquet.
    """

    def __init__(
        self, folder: Path, bytes_max: int, unpacked_bytes_max: int, rows_max: int
    ) -> None:
        """Write into `folder`, where the file can later be renamed; refuse what is too large."""
        self.path = folder / f"{_UNFINISHED}{uuid4().hex}.tmp"
        self.size = 0
        self.format = ""
        self._bytes_max = bytes_max
        self._unpacked_bytes_max = unpacked_bytes_max
        self._rows_max = rows_max
        self._bytes_sent = 0
        self._head = b""
        self._hash = hashlib.sha256()
        self._file = self.path.open("xb")

    @property
    def packing(self) -> str:
        """How the body came packed: ".gz", ".zst" or not at all."""
        return next((packing for magic, packing in _PACKED.items() if self._begins(magic)), "")

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    @property
    def source(self) -> SourceFile:
        """The file as the loader reads it."""
        return SourceFile(1, self.path, self.format, _SHOWN)

    def write(self, chunk: bytes) -> None:
        """Take the next bytes of the body; raises TooLargeError if they are too many."""
        self._bytes_sent += len(chunk)
        if self._bytes_sent > self._bytes_max:
            raise TooLargeError(
                f"The body is longer than {self._bytes_max} bytes, the most that "
                "STORE_UPTIME_UPLOAD_BYTES_MAX allows; send it packed or in parts."
            )
        if len(self._head) < 4:
            self._head += chunk[:4]
        self._file.write(chunk)

    def finish(self) -> None:
        """Have all of the file on disk, and know what it is; raises UploadError if it cannot be."""
        self._file.flush()
        packing = self.packing
        try:
            self._look_into(SourceFile(1, self.path, f"csv{packing}", _SHOWN), packing)
        except InputError as error:
            raise UploadError(sentence(error)) from None
        if not self.format:
            raise UploadError("The body is empty; a CSV, JSON or Parquet file is expected.")
        os.fsync(self._file.fileno())
        self._file.close()

    def discard(self) -> None:
        """Remove the file unless it has been renamed."""
        self._file.close()
        self.path.unlink(missing_ok=True)

    def _look_into(self, source: SourceFile, packing: str) -> None:
        """Hash and count the content, and see by its beginning what it is."""
        lines = 0
        sign = b"\n"
        head = b""
        for chunk in unpacked(source):
            self.size += len(chunk)
            check_size(self.size, self._unpacked_bytes_max)
            self._hash.update(chunk)
            if not self.format:
                head += chunk
                self.format = _kind(head, packing)
                if not head.strip():
                    # Megabytes of blanks may stand in front.
                    head = head[:_BLANKS_KEPT]
                sign = b"{" if self.format.startswith("json") else b"\n"
                if self.format == "parquet" and packing:
                    self._file.seek(0)
                    self._file.truncate()
            if self.format == "parquet":
                if packing:
                    self._file.write(chunk)
                continue
            lines += max(chunk.count(sign), chunk.count(b"\r"))
            # The header is no row.
            check_rows(lines - 1, self._rows_max)
        if head and not self.format:
            self.format = f"csv{packing}"

    def _begins(self, magic: bytes) -> bool:
        return self._head.startswith(magic)


def _kind(head: bytes, packing: str) -> str:
    """Return how a file with this beginning is called; nothing while that cannot be told."""
    for magic, packed in _PACKED.items():
        if packing and head.startswith(magic):
            raise UploadError(
                f"The body is packed with {_PACKERS[packing]} and then with {_PACKERS[packed]}; "
                "once is expected."
                if packing != packed
                else f"The body is packed with {_PACKERS[packing]} twice; once is expected."
            )
    if head.startswith(_PARQUET):
        return "parquet"
    start = head.removeprefix(_BYTE_ORDER_MARK).lstrip()
    if len(start) < 1 or (len(head) < 4 and _PARQUET.startswith(head)):
        return ""
    return f"json{packing}" if start[:1] in (b"{", b"[") else f"csv{packing}"


def remove_abandoned(folder: Path) -> None:
    """Remove what processes that were killed left unfinished."""
    for path in folder.glob(f"{_UNFINISHED}*.tmp"):
        if path.stat().st_mtime < time.time() - _ABANDONED_SECONDS:
            path.unlink(missing_ok=True)
