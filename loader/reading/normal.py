"""The normal form: rows as a CSV file that DuckDB reads at once, whatever they were written as.

In front of the values stand the key of the file, the number of the line, how many lines the row
spans, and the text of what is no row. Many files share one, as DuckDB takes half a millisecond and
more to open each.
"""

import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from loader.reading.scan import Column, Scan, SourceFile, check_columns, literal, paths

_IN_FRONT = ("file_key", "line_number", "lines", "malformed")
_TEXT_SHOWN = 10_000
_LINE_BYTES_MAX = 1 << 24


@dataclass
class _Form:
    path: Path
    files: list[SourceFile] = field(default_factory=list)
    has_line_ends_in_values: bool = False


class NormalForms:
    """One file in the normal form for all that have the same columns."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self._forms: dict[tuple[str, tuple[str, ...]], _Form] = {}

    def writer(self, file: SourceFile, delimiter: str, names: tuple[str, ...]) -> "Writer":
        """Return what writes the rows of one more file."""
        check_columns(file, len(names))
        if (delimiter, names) not in self._forms:
            handle, path = tempfile.mkstemp(suffix=".csv", dir=self._scratch)
            os.close(handle)
            self._forms[delimiter, names] = _Form(Path(path))
        form = self._forms[delimiter, names]
        form.files.append(file)
        return Writer(form, file.file_key, delimiter.encode(), len(names))

    def scans(self) -> list[Scan]:
        """Return the scans that read all that was written."""
        return [
            Scan(
                source=csv_source(
                    [form.path],
                    delimiter,
                    [*_IN_FRONT, *_numbered(names)],
                    # The first line end in a value would be taken for that of the lines.
                    new_line=r"\n",
                    max_line_size=str(_LINE_BYTES_MAX),
                    # Threads guess whether they begin within a value.
                    parallel="false" if form.has_line_ends_in_values else "true",
                )
                + " as raw",
                columns=columns_of(names),
                files=form.files,
                file_key="cast(raw.file_key as bigint)",
                line_number="cast(raw.line_number as bigint)",
                lines="cast(raw.lines as bigint)",
                malformed="raw.malformed",
            )
            for (delimiter, names), form in self._forms.items()
        ]


class Writer:
    """Appends the rows of one file."""

    def __init__(self, form: _Form, file_key: int, delimiter: bytes, values: int) -> None:
        self._form = form
        self._file = form.path.open("ab", buffering=1 << 18)
        self._delimiter = delimiter
        key = b"%d" % file_key
        self._row = delimiter.join([key, b"%d", b"%d", b"", b"%b\n"])
        self._single_row = delimiter.join([key, b"%d", b"1", b"", b"%b\n"])
        self._no_row = delimiter.join([key, b"%d", b"%d", b"%b"]) + delimiter * values + b"\n"
        self._special = set(delimiter + b'"\r\n')

    def __enter__(self) -> "Writer":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def rows_as_they_stand(self, first_line: int, lines: Sequence[bytes]) -> None:
        """Write lines that are rows, from this line on."""
        row = self._single_row
        self._file.write(b"".join([row % pair for pair in enumerate(lines, first_line)]))

    def row(self, line: int, lines: int, values: Sequence[bytes]) -> None:
        """Write a row from its values."""
        written = self._delimiter.join([self._quoted(value) for value in values])
        self._file.write(self._row % (line, lines, written))

    def no_row(self, line: int, lines: int, text: bytes) -> None:
        """Write a text that is no row."""
        shown = text[: 4 * _TEXT_SHOWN].decode("utf-8", "replace")[:_TEXT_SHOWN]
        self._file.write(self._no_row % (line, lines, self._quoted(shown.encode())))

    def _quoted(self, value: bytes) -> bytes:
        if self._special.isdisjoint(value):
            return value
        if b"\n" in value or b"\r" in value:
            self._form.has_line_ends_in_values = True
        return b'"' + value.replace(b'"', b'""') + b'"'


def columns_of(names: Sequence[str]) -> list[Column]:
    """Return the columns of text, in order."""
    return [
        Column(name, f"raw.{column}") for name, column in zip(names, _numbered(names), strict=True)
    ]


def csv_source(
    files: Sequence[SourceFile] | Sequence[Path],
    delimiter: str,
    columns: Sequence[str],
    skip: int = 0,
    **options: str,
) -> str:
    """Return how DuckDB reads files in which each line fits."""
    further = "".join(f", {name} = {literal(option)}" for name, option in options.items())
    types = ", ".join(f"{literal(column)}: 'VARCHAR'" for column in columns)
    return f"""read_csv(
        {paths(files)}, auto_detect = false, header = false, skip = {skip}, columns = {{{types}}},
        delim = {literal(delimiter)}, quote = '"', escape = '"', compression = 'none',
        hive_partitioning = false{further}
    )"""


def _numbered(names: Sequence[str]) -> list[str]:
    return [f"c{number}" for number in range(1, len(names) + 1)]
