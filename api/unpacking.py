"""Content that is packed with gzip, given out chunk by chunk and seen to be whole."""

import zlib
from collections.abc import Iterator
from pathlib import Path

_CHUNK_BYTES = 1 << 20


class GzipError(Exception):
    """Bytes that are not what gzip writes, or not all of it; the message goes on from "It …"."""


class Gzip:
    """A stream in gzip's format, which may consist of several parts."""

    def __init__(self) -> None:
        self._part = zlib.decompressobj(wbits=31)
        self._is_whole = False

    def chunks(self, packed: bytes) -> Iterator[bytes]:
        """Give out what the bytes hold, in pieces that fit into memory whatever they hold."""
        while packed:
            if self._part.eof:
                self._part = zlib.decompressobj(wbits=31)
            yield self._unpack(packed)
            packed = self._part.unused_data if self._part.eof else self._part.unconsumed_tail
        while not self._part.eof and (rest := self._unpack(b"")):
            yield rest
        self._is_whole = self._part.eof

    def finish(self) -> None:
        """Raise GzipError unless the last of the bytes were the end of what was packed."""
        if not self._is_whole:
            raise GzipError("is packed with gzip, and its end is missing")

    def _unpack(self, packed: bytes) -> bytes:
        try:
            return self._part.decompress(packed, _CHUNK_BYTES)
        except zlib.error as error:
            raise GzipError(f"is not what gzip writes ({error})") from None


def content(path: Path, is_packed: bool) -> Iterator[bytes]:
    """Give out what a file holds; raises GzipError, at the latest at the end, or OSError."""
    with path.open("rb") as file:
        if not is_packed:
            yield from iter(lambda: file.read(_CHUNK_BYTES), b"")
            return
        unpacking = Gzip()
        while packed := file.read(_CHUNK_BYTES):
            yield from unpacking.chunks(packed)
        unpacking.finish()
