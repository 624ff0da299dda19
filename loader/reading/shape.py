"""Whether lines are rows as they stand, found out for a block of them at once."""

import codecs
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

# Lines that are longer are no rows; DuckDB takes up to 2 MB.
_LINE_BYTES_MAX = 1 << 20
LINE_BYTES_SHOWN = 10_000


@dataclass(frozen=True)
class Shape:
    """How a row is written: so many values between delimiters, and the end of its line."""

    delimiter: bytes
    values: int
    line_end: bytes

    def rows(self, block: bytes, is_last: bool = False) -> int | None:
        """Return how many rows a block of whole lines is, or null if one of them is none.

        Each line has as many values as there are columns, quotes only around whole values that end
        on it, and is UTF-8.
        """
        # A line of one value may be empty, and is left to others.
        if self.values < 2 or not _is_utf_8(block) or codecs.BOM_UTF8 in block:
            return None
        if is_last:
            block = block.rstrip(self.line_end) + self.line_end if block.strip(b"\r\n") else b""
        marks = block.translate(None, self._no_marks)
        if b'"' in marks:
            unquoted = self._outside_of_quotes(block)
            if unquoted is None:
                return None
            marks = unquoted.translate(None, self._no_marks)
        rows, rest = divmod(len(marks), len(self._marks_of_row))
        return rows if not rest and marks == self._marks_of_row * rows else None

    def lines(self, block: bytes) -> list[bytes]:
        """Return the lines of a block that is all rows, without their ends."""
        return block.rstrip(self.line_end).split(self.line_end)

    @cached_property
    def _marks_of_row(self) -> bytes:
        return self.delimiter * (self.values - 1) + self.line_end

    @cached_property
    def _no_marks(self) -> bytes:
        return bytes(set(range(256)) - set(self.delimiter + b'"\r\n'))

    def _outside_of_quotes(self, block: bytes) -> bytes | None:
        """Return what stands outside of quotes; null if one is not at the edge of a value.

        A quote within quotes is two, of which one closes and the next one opens.
        """
        found = np.frombuffer(b"\n" + block, np.uint8)
        at = np.flatnonzero(found == ord('"'))
        opening, closing = at[::2], at[1::2]
        if len(at) % 2:
            return None
        outside = [ord('"'), *self.delimiter, *b"\r\n"]
        if not np.isin(found[opening - 1], outside).all():
            return None
        if not np.isin(found[closing + 1], outside).all():
            return None
        changes = np.zeros(len(found), np.int8)
        changes[opening] = 1
        changes[closing] = -1
        is_inside = np.cumsum(changes, dtype=np.int8).astype(bool)
        inside = found[is_inside]
        if np.isin(inside, list(b"\r\n")).any():
            return None
        return found[1:][~is_inside[1:] & (found[1:] != ord('"'))].tobytes()


def _is_utf_8(text: bytes) -> bool:
    if text.isascii():
        return True
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def blocks(chunks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """Give out blocks of whole lines, and with each whether it is the last one.

    Of a line that is too long the beginning is given out, with a byte that makes it no row.
    """
    rest = b""
    is_too_long = False
    for chunk in chunks:
        text = rest + chunk
        # What follows on a return shows whether it is the whole end of a line.
        end = max(text.rfind(b"\n"), text.rfind(b"\r", 0, -1)) + 1
        if is_too_long:
            start = _first_end(text)
            if start < 0:
                rest = rest[:LINE_BYTES_SHOWN]
                continue
            text, is_too_long = rest[:LINE_BYTES_SHOWN] + b"\xff" + text[start:], False
            end = max(text.rfind(b"\n"), text.rfind(b"\r", 0, -1)) + 1
        if end:
            yield text[:end], False
        rest = text[end:]
        is_too_long = len(rest) > _LINE_BYTES_MAX
    yield (rest[:LINE_BYTES_SHOWN] + b"\xff" if is_too_long else rest), True


def _first_end(text: bytes) -> int:
    ends = [end for end in (text.find(b"\n"), text.find(b"\r", 0, -1)) if end >= 0]
    return min(ends, default=-1)
