"""What must be known of a CSV file before DuckDB reads it."""

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from api.unpacking import GzipError, content

_DELIMITERS = ",;\t|"
_HEADER_BYTES_MAX = 1 << 20


class DamagedError(Exception):
    """A file that cannot be read from its beginning to its end; the message says why."""


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written; the names of its columns are in lower case.

    DuckDB gives up on a file that mixes line ends unless it is told not to be strict, knows a
    packed one by its name only if that is not in capitals, and may lose the lines after an open
    quote when it reads many files at once.
    """

    is_packed: bool
    delimiter: str
    names: list[str]
    mixes_line_ends: bool
    has_odd_quotes: bool


def csv_dialect(path: Path, is_packed: bool) -> Dialect:
    """Read the whole file, which is packed with gzip or not; raises DamagedError.

    DuckDB takes what is left of a packed file that was cut or changed for all of it.
    """
    try:
        delimiter, names = _header(_first_line(content(path, is_packed)))
        return Dialect(is_packed, delimiter, names, *_marks(content(path, is_packed), delimiter))
    except GzipError as error:
        raise DamagedError(f"it {error}") from error
    except (OSError, csv.Error) as error:
        raise DamagedError(str(error)) from error


def _first_line(chunks: Iterable[bytes]) -> bytes:
    head = b""
    for chunk in chunks:
        head += chunk
        if b"\n" in chunk or b"\r" in chunk or len(head) > _HEADER_BYTES_MAX:
            break
    return re.split(rb"[\r\n]", head, maxsplit=1)[0]


def _header(line: bytes) -> tuple[str, list[str]]:
    """Return the delimiter that makes the most columns of a line, and their names.

    Raises DamagedError if the line is in UTF-16.
    """
    # Every other byte of UTF-16 is zero where it is ASCII, as the names of columns are.
    if 3 * line.count(0) > len(line):
        raise DamagedError("it is text in UTF-16, not in UTF-8")
    text = line.decode("utf-8", "replace").removeprefix("\ufeff").strip(" ")
    columns = {
        delimiter: next(csv.reader([text], delimiter=delimiter), []) or [""]
        for delimiter in _DELIMITERS
    }
    delimiter = max(columns, key=lambda delimiter: len(columns[delimiter]))
    # No name in SQL holds a zero byte.
    names = [name.replace('"', "").replace("\0", "") for name in columns[delimiter]]
    return delimiter, [name.strip().lower() for name in names]


def _marks(chunks: Iterable[bytes], delimiter: str) -> tuple[bool, bool]:
    """Say whether not all lines end alike, and whether a quote is not at an end of a value.

    All is read in any case, as that shows whether all is there.
    """
    line_ends: set[bytes] = set()
    has_odd_quotes = is_open = False
    before, held_back = b"\n", b""
    # What a byte means shows with the next one, and a line end may have two; at the end of the file
    # delimiters stand for those, as they mean nothing here.
    for chunk in chain(chunks, [2 * delimiter.encode()]):
        text = held_back + chunk
        end = len(text) - (2 if text[-2:-1] == b"\r" else 1)
        text, held_back = text[:end], text[end:]
        line_ends |= _line_ends(text)
        if b'"' in text:
            are_odd, is_open = _look_at_quotes(before + text + held_back[:1], is_open, delimiter)
            has_odd_quotes = has_odd_quotes or are_odd
        before = text[-1:] or before
    return len(line_ends) > 1, has_odd_quotes or is_open


def _look_at_quotes(text: bytes, is_open: bool, delimiter: str) -> tuple[bool, bool]:
    """Say whether a quote is neither the first nor the last of a value, and whether one is open.

    The first and the last byte are there to show what the others are next to.
    """
    found = np.frombuffer(text, np.uint8)
    at = np.flatnonzero(found[1:-1] == ord('"')) + 1
    opening, closing = at[int(is_open) :: 2], at[int(not is_open) :: 2]
    next_to = np.concatenate([found[opening - 1], found[closing + 1]])
    are_odd = not np.isin(next_to, [ord(delimiter), *b"\r\n"]).all()
    return are_odd, is_open != bool(len(at) % 2)


def _line_ends(text: bytes) -> set[bytes]:
    if b"\r" not in text:
        return {b"\n"} if b"\n" in text else set()
    pairs = text.count(b"\r\n")
    found = {end for end in (b"\n", b"\r") if text.count(end) > pairs}
    return found | {b"\r\n"} if pairs else found
