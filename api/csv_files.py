"""What must be known of a CSV file before DuckDB reads it."""

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from api.unpacking import GzipError, content

_DELIMITERS = ",;\t|"
_HEADER_BYTES_MAX = 1 << 20
_ALL_BUT_LINE_ENDS = bytes(byte for byte in range(256) if byte not in b"\r\n")


class DamagedError(Exception):
    """A file that cannot be read from its beginning to its end; the message says why."""


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written; the names of its columns are in lower case.

    DuckDB gives up on a file that mixes line ends unless it is told not to be strict, and knows a
    packed one by its name only if that is not in capitals.
    """

    is_packed: bool
    delimiter: str
    names: list[str]
    mixes_line_ends: bool


def csv_dialect(path: Path, is_packed: bool) -> Dialect:
    """Read the whole file, which is packed with gzip or not; raises DamagedError.

    DuckDB takes what is left of a packed file that was cut or changed for all of it.
    """
    try:
        delimiter, names = _header(_first_line(content(path, is_packed)))
        return Dialect(is_packed, delimiter, names, _mixes_line_ends(content(path, is_packed)))
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
    """Return the delimiter that makes the most columns of a line, and their names."""
    text = line.decode("utf-8", "replace").removeprefix("\ufeff").strip(" ")
    columns = {
        delimiter: next(csv.reader([text], delimiter=delimiter), []) or [""]
        for delimiter in _DELIMITERS
    }
    delimiter = max(columns, key=lambda delimiter: len(columns[delimiter]))
    return delimiter, [name.replace('"', "").strip().lower() for name in columns[delimiter]]


def _mixes_line_ends(chunks: Iterable[bytes]) -> bool:
    """Say whether not all lines end alike, once all is read, as that shows whether all is there."""
    found: set[bytes] = set()
    held_back = b""
    for chunk in chunks:
        # Whether a line ends here shows with the next byte.
        text = held_back + chunk
        held_back = text[-1:] if text.endswith(b"\r") else b""
        found |= _line_ends(text[: len(text) - len(held_back)])
    found |= _line_ends(held_back)
    return len(found) > 1


def _line_ends(text: bytes) -> set[bytes]:
    if b"\r" not in text:
        return {b"\n"} if b"\n" in text else set()
    ends = text.translate(None, _ALL_BUT_LINE_ENDS)
    singles = ends.replace(b"\r\n", b"")
    found = {end for end in (b"\n", b"\r") if end in singles}
    return found if len(singles) == len(ends) else found | {b"\r\n"}
