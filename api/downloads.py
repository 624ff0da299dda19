"""Finished reports, opened for reading; nothing else in the folder or elsewhere can be."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from api.snapshots import is_report

_CHUNK_BYTES = 1 << 18


@dataclass(frozen=True)
class OpenReport:
    """A report as it was when opened, whatever takes its name meanwhile."""

    file: BinaryIO
    size: int
    etag: str

    def chunks(self) -> Iterator[bytes]:
        with self.file:
            while chunk := self.file.read(_CHUNK_BYTES):
                yield chunk

    def close(self) -> None:
        self.file.close()


def open_report(output: Path, name: str) -> OpenReport | None:
    """Open a finished report by its name, or return None if there is none of that name."""
    if not is_report(name):
        return None
    try:
        # A link, which could lead anywhere, is not followed; a pipe does not block.
        file = os.fdopen(os.open(output / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb")
    except OSError:
        return None
    found = os.fstat(file.fileno())
    if not stat.S_ISREG(found.st_mode):
        file.close()
        return None
    # Reports are replaced, never changed: another content is another file at another time.
    etag = f'"{found.st_mtime_ns:x}-{found.st_ino:x}-{found.st_size:x}"'
    return OpenReport(file, found.st_size, etag)
