"""What a text file holds, chunk by chunk, as UTF-8: unpacked, and out of UTF-16.

A new way to pack goes here.
"""

import codecs
import os
import zlib
from collections.abc import Callable, Iterator
from itertools import chain
from typing import BinaryIO

import zstandard

from loader.reading.naming import is_binary, what_it_is
from loader.reading.scan import SourceFile

_CHUNK_BYTES = 1 << 19
# A few bytes of Zstandard may hold megabytes.
_ZSTANDARD_BYTES = 1 << 12
_BYTE_ORDER_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
    codecs.BOM_UTF8: "utf-8",
}
_END_IS_MISSING = "cannot be read to its end: it is packed with {packer}, and its end is missing."
_NOT_WRITTEN_BY = "cannot be read to its end: it is not what {packer} writes ({error})."


def content(file: SourceFile) -> Iterator[bytes]:
    """Give out the text without a byte order mark; raises InputError, at the latest at the end."""
    with open(file.path, "rb") as packed:
        chunks = _unpacked(file, packed)
        head = next(chunks, b"")
        while len(head) < 4 and (more := next(chunks, b"")):
            head += more
        if (what := what_it_is(head, file)) is not None:
            raise file.unreadable(what)
        encoding, mark = encoding_of(head)
        if encoding == "utf-8" and is_binary(head[:1024]):
            raise file.unreadable("is no text.")
        chunks = chain([head[len(mark) :]], chunks)
        # A few packed bytes may hold so much that it takes long to go through it.
        chunks = (
            chunk[at : at + _CHUNK_BYTES]
            for chunk in chunks
            for at in range(0, len(chunk), _CHUNK_BYTES)
        )
        for chunk in chunks if encoding == "utf-8" else _as_utf_8(file, chunks, encoding):
            file.check_time()
            yield chunk


def unpacked(file: SourceFile) -> Iterator[bytes]:
    """Give out the bytes that are packed, or lie there as they are; raises InputError."""
    with open(file.path, "rb") as packed:
        yield from _unpacked(file, packed)


def is_as_it_lies(file: SourceFile) -> bool:
    """Say whether the bytes on disk are the text in UTF-8."""
    with open(file.path, "rb") as packed:
        head = packed.read(1024)
    return not file.format.endswith((".gz", ".zst")) and encoding_of(head)[0] == "utf-8"


def encoding_of(head: bytes) -> tuple[str, bytes]:
    """Return how text is written, by its beginning, and the byte order mark that it has."""
    for mark, encoding in _BYTE_ORDER_MARKS.items():
        if head.startswith(mark):
            return encoding, mark
    # Every other byte of UTF-16 is zero where it is ASCII, as the names of columns are.
    start = head[: min(len(head), 64) // 2 * 2]
    big, little = start[::2].count(0), start[1::2].count(0)
    if 3 * (big + little) > len(start) and 2 * min(big, little) < max(big, little):
        return ("utf-16-le" if little > big else "utf-16-be"), b""
    return "utf-8", b""


def _as_utf_8(file: SourceFile, chunks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    # Halves of pairs become bytes that are not UTF-8, so that their line is set aside.
    decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
    try:
        for chunk in chunks:
            yield decoder.decode(chunk).encode("utf-8", "surrogatepass")
        yield decoder.decode(b"", final=True).encode("utf-8", "surrogatepass")
    except UnicodeDecodeError as error:
        raise file.unreadable(
            f"cannot be read to its end: it is text in {encoding[:-3].upper()}, and damaged."
        ) from error


def _unpacked(file: SourceFile, packed: BinaryIO) -> Iterator[bytes]:
    if file.format.endswith(".gz"):
        return _unpack(file, packed, b"\x1f\x8b", "gzip", _gzip)
    if file.format.endswith(".zst"):
        return _unpack(file, packed, b"\x28\xb5\x2f\xfd", "Zstandard", _zstandard)
    return iter(lambda: packed.read(_CHUNK_BYTES), b"")


def _unpack(
    file: SourceFile,
    packed: BinaryIO,
    magic: bytes,
    packer: str,
    unpack: Callable[[BinaryIO], Iterator[bytes]],
) -> Iterator[bytes]:
    head = packed.read(1024)
    packed.seek(0)
    # A frame of Zstandard that is to be skipped may stand in front.
    if not head.startswith(magic) and head[1:4] != b"\x2a\x4d\x18":
        if not head:
            raise file.unreadable("is empty.")
        name = os.path.basename(file.shown).rpartition(".")[0]
        what = what_it_is(head, file)
        if what is None and not is_binary(head):
            what = f"is text that is not packed with {packer}; call it {name}."
        raise file.unreadable(what or f"is not packed with {packer}.")
    try:
        yield from unpack(packed)
    except EOFError:
        raise file.unreadable(_END_IS_MISSING.format(packer=packer)) from None
    except (zlib.error, zstandard.ZstdError) as error:
        raise file.unreadable(_NOT_WRITTEN_BY.format(packer=packer, error=error)) from None


def _gzip(packed: BinaryIO) -> Iterator[bytes]:
    """Unpack all members, and leave out the zeros that tapes and bsdtar put behind the last one."""
    member = zlib.decompressobj(wbits=31)
    rest = b""
    while rest := rest or packed.read(_CHUNK_BYTES):
        if member.eof:
            rest = rest.lstrip(b"\0")
            if not rest:
                continue
            member = zlib.decompressobj(wbits=31)
        yield member.decompress(rest, _CHUNK_BYTES)
        rest = member.unused_data if member.eof else member.unconsumed_tail
    while not member.eof and (last := member.decompress(b"", _CHUNK_BYTES)):
        yield last
    if not member.eof:
        raise EOFError


def _zstandard(packed: BinaryIO) -> Iterator[bytes]:
    unpacking = zstandard.ZstdDecompressor(max_window_size=1 << 31)
    frame = unpacking.decompressobj()
    rest = b""
    while rest := rest or packed.read(_ZSTANDARD_BYTES):
        if frame.eof:
            rest = rest.lstrip(b"\0")
            if not rest:
                continue
            frame = unpacking.decompressobj()
        yield frame.decompress(rest)
        rest = frame.unused_data if frame.eof else b""
    if not frame.eof:
        raise EOFError
