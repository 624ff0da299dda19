"""CSV in its dialects: read where it lies if each of its lines is a row, else in the normal form.

Lines end with a line feed, a return or both, in one file perhaps in several ways. A line is a row
if it has a value for each column; values that are empty may stand behind them.
"""

import codecs
import csv
import os
import re
from collections.abc import Sequence
from itertools import accumulate, chain
from pathlib import Path

from loader.reading.content import content, is_as_it_lies
from loader.reading.normal import NormalForms, Writer, columns_of, csv_source
from loader.reading.scan import COUNTED, Scan, SourceFile, file_of_row
from loader.reading.shape import Shape, blocks

_DELIMITERS = ",;\t|"
_LINE_END = re.compile(rb"\r\n|\r|\n")
_LINE = re.compile(rb"([^\r\n]*)(\r\n|\r|\n|)")
# Of names, those in quotes may have line ends in them; a longer one is rather a stray quote.
_NAME = rb' *"(?:[^"]|""){0,200}+" *(?=[,;\t|\r\n]|\Z)|(?! *")[^,;\t|\r\n]*+'
_NAMES = re.compile(
    rb"((?:\xef\xbb\xbf)?+(?:%b)(?:[,;\t|](?:%b))*+)(\r\n|\r|\n|\Z)" % (_NAME, _NAME)
)
_BLANK_LINES = rb"(?:[ ,;\t|]*(?:\r\n|\r|\n))*+"
_IN_FRONT_OF_THE_HEADER = re.compile(
    _BLANK_LINES + rb"(?:\"?sep=(?P<separator>[,;\t|]|\\t)\"? *(?:\r\n|\r|\n))?" + _BLANK_LINES
)
_OPENING_QUOTE = re.compile(rb' *"')
# Smaller files are written anew, as DuckDB takes longer to open them.
_LARGE_BYTES = 1 << 20
# A quote that is not closed within so many lines or bytes is a stray one.
_LINES_OF_A_VALUE_MAX = 10_000
_BYTES_OF_A_VALUE_MAX = 1 << 20


def delimited_scans(files: Sequence[SourceFile], scratch: Path) -> list[Scan]:
    """Return the scans that read these files; what must be written anew goes into `scratch`."""
    forms = NormalForms(scratch)
    as_they_lie: dict[tuple[str, tuple[str, ...]], list[tuple[SourceFile, int]]] = {}
    for file in files:
        header, rows = _look(file) if _may_stay_as_it_lies(file) else (None, None)
        if header is not None and rows is not None and header.lines == 1:
            as_they_lie.setdefault((header.delimiter, header.names), []).append((file, rows))
        else:
            _write(file, forms)
    return [
        *(_scan(delimiter, names, counted) for (delimiter, names), counted in as_they_lie.items()),
        *forms.scans(),
    ]


def _may_stay_as_it_lies(file: SourceFile) -> bool:
    return os.path.getsize(file.path) >= _LARGE_BYTES and is_as_it_lies(file)


def _look(file: SourceFile) -> tuple["_Header", int | None]:
    """Return the header and the number of rows; null if not each line is one."""
    rows = 0
    header = None
    for block, is_last in blocks(content(file)):
        text = block
        if header is None:
            header = _Header(block, file)
            text = block[header.length :]
        found = header.shape.rows(text, is_last)
        if found is None:
            return header, None
        rows += found
    return header, rows


def _scan(
    delimiter: str, names: tuple[str, ...], counted: Sequence[tuple[SourceFile, int]]
) -> Scan:
    """Return a scan of files in which each line is a row; DuckDB reads them in order."""
    files = [file for file, _ in counted]
    rows_before = list(accumulate((rows for _, rows in counted), initial=0))[:-1]
    columns = columns_of(names)
    source = csv_source(
        files, delimiter, [column.value.removeprefix("raw.") for column in columns], skip=1
    )
    numbered = f"(select *, file_index, {COUNTED} as number from {source})"
    source, [file_key, before] = file_of_row(
        [[file.file_key for file in files], rows_before], ["file_key", "rows_before"], numbered
    )
    return Scan(
        source=source,
        columns=columns,
        files=files,
        file_key=file_key,
        # The header is line 1.
        line_number=f"raw.number - {before} + 1",
    )


class _Header:
    """The first line that says something, with those that its names go on in, and what is before.

    The delimiter is the one that Excel's `sep=;` names, or else makes the most columns of it; of
    two that make as many, the one that comes first, as names may hold the other.
    """

    def __init__(self, block: bytes, file: SourceFile) -> None:
        front = _IN_FRONT_OF_THE_HEADER.match(block)
        row = _NAMES.match(block, front.end()) or _LINE.match(block, front.end())
        line, end = row.groups()
        self.length = row.end()
        self.lines = 1 + len(_LINE_END.findall(front[0] + line))
        if line.lstrip().startswith((b'{"', b"[{", b"[[")):
            raise file.unreadable("is JSON, and no CSV; its name is to end in .json.")
        text = line.decode("utf-8", "replace").removeprefix("\ufeff").strip(" ")
        named = (front["separator"] or b"").decode().replace(r"\t", "\t")
        columns = {one: _first_row(text, one) for one in named or _DELIMITERS}
        self.delimiter = max(columns, key=lambda one: (len(columns[one]), -text.find(one)))
        # No name in SQL holds a zero byte.
        self.names = tuple(
            " ".join(name.replace('"', "").replace("\0", "").strip().lower().splitlines())
            for name in columns[self.delimiter]
        )
        self.shape = Shape(self.delimiter.encode(), len(self.names), end or b"\n")


def _first_row(text: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([text], delimiter=delimiter), []) or [""]
    except csv.Error:
        return text.split(delimiter)


def _write(file: SourceFile, forms: NormalForms) -> None:
    """Write a file in the normal form: blocks of rows as they stand, other lines one by one."""
    every = blocks(content(file))
    block, is_last = next(every)
    header = _Header(block, file)
    shape = header.shape
    with forms.writer(file, header.delimiter, header.names) as written:
        pending = _Lines(shape, written, first=header.lines + 1)
        for text, is_end in chain([(block[header.length :], is_last)], every):
            rows = None if pending.lines else shape.rows(text, is_end)
            if rows is None:
                pending.add(text, is_end)
            elif rows:
                written.rows_as_they_stand(pending.first, shape.lines(text))
                pending.first += rows


class _Lines:
    """Lines of which some are no rows, or not alone."""

    def __init__(self, shape: Shape, written: Writer, first: int) -> None:
        self.lines: list[bytes] = []
        self.first = first
        self._values = shape.values
        self._delimiter = shape.delimiter
        self._quoted_value = re.compile(rb' *"([^"]*+(?:""[^"]*+)*+)" *')
        self._written = written

    def add(self, block: bytes, is_last: bool) -> None:
        """Write the lines of a block, but for those whose open quote may end in the next one."""
        # The lines of text end at other signs, too, those of bytes do not.
        self.lines += block.splitlines(keepends=True)
        at = 0
        while at < len(self.lines):
            lines = self._write_row(at, is_last)
            if not lines:
                break
            at += lines
        self.lines = self.lines[at:]
        self.first += at

    def _write_row(self, at: int, is_last: bool) -> int:
        """Write what begins with a line, and return its number of lines; 0 if more are needed."""
        # Files that were put behind each other have brought their mark along.
        line = self.lines[at].removeprefix(codecs.BOM_UTF8).rstrip(b"\r\n")
        if not line:
            return 1
        values, is_open = self._read(line)
        if values is not None:
            self._written.row(self.first + at, 1, values)
            return 1
        lines: int | None = 1
        if is_open:
            lines = self._lines_to_the_closing_quote(at, is_last)
            if lines is None:
                return 0
        joined = b"".join(self.lines[at : at + lines]).removeprefix(codecs.BOM_UTF8).rstrip(b"\r\n")
        values, _ = self._read(joined) if lines > 1 else (None, False)
        if lines > 1 and self._is_stray(at, lines, values is not None):
            lines, joined, values = 1, line, None
        if values is not None:
            self._written.row(self.first + at, lines, values)
        else:
            self._written.no_row(self.first + at, lines, joined)
        return lines

    def _lines_to_the_closing_quote(self, at: int, is_last: bool) -> int | None:
        """Return how many lines there are up to the next odd number of quotes; 1 if too many.

        Null if that may still come.
        """
        size = 0
        for further, line in enumerate(self.lines[at + 1 : at + _LINES_OF_A_VALUE_MAX], 1):
            size += len(line)
            if size > _BYTES_OF_A_VALUE_MAX:
                return 1
            if line.count(b'"') % 2:
                return further + 1
        is_all = is_last or len(self.lines) - at >= _LINES_OF_A_VALUE_MAX
        return 1 if is_all else None

    def _is_stray(self, at: int, lines: int, is_row: bool) -> bool:
        """Say whether the quote that a line opens takes rows in that stand for themselves.

        The lines between that one and the one that closes the quote show it. If all lines together
        are a row, they have a value with line ends in it, unless two and more of those between
        would all be rows; else it is enough that half of them are.
        """
        between = [line for line in self.lines[at + 1 : at + lines - 1] if line.strip(b"\r\n")]
        rows = sum(map(self._is_row, between))
        if is_row:
            return self._values > 1 and len(between) > 1 and rows == len(between)
        return rows > 0 and 2 * rows >= len(between)

    def _is_row(self, line: bytes) -> bool:
        return self._read(line.rstrip(b"\r\n"))[0] is not None

    def _read(self, text: bytes) -> tuple[list[bytes] | None, bool]:
        """Return the values, null if it is no row, and whether a quote is open at its end."""
        if b'"' not in text:
            values = text.split(self._delimiter)
        else:
            values = []
            at = 0
            while at <= len(text):
                if _OPENING_QUOTE.match(text, at):
                    value = self._quoted_value.match(text, at)
                    if value is None:
                        return None, True
                    values.append(value[1].replace(b'""', b'"'))
                    at = value.end()
                    if at < len(text) and text[at : at + 1] != self._delimiter:
                        return None, False
                else:
                    end = text.find(self._delimiter, at)
                    end = len(text) if end < 0 else end
                    values.append(text[at:end])
                    at = end
                at += 1
        if len(values) < self._values or any(values[self._values :]):
            return None, False
        if not text.isascii():
            try:
                text.decode()
            except UnicodeDecodeError:
                return None, False
        return values[: self._values], False
