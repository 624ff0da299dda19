"""A scan: what DuckDB is to read, and where in it the columns of an input stand."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from loader import values
from loader.errors import InputError, TooSlowError
from loader.inputs import NAMES_OF_MODELS, Input, bare

# The number of a row that is counted as it comes: the rows must come in their order.
COUNTED = "row_number() over ()"

# DuckDB plans for minutes with some thousands of them.
_COLUMNS_MAX = 1000

# Of the columns of a file that has another one than is expected.
_NAME_SHOWN = 60
_NAMES_SHOWN = 20


@dataclass(frozen=True)
class SourceFile:
    """One version of a file that is to be read; `format` is how its name ends: `csv.gz`."""

    file_key: int
    path: Path | str
    format: str
    # As people know it; its path if not given.
    file: str = ""
    # Until when it may be read, as time.monotonic() says.
    until: float = math.inf

    @property
    def shown(self) -> str:
        """Return what messages call it."""
        return self.file or str(self.path)

    def check_time(self) -> None:
        """Raise TooSlowError once reading takes too long; for whoever reads without DuckDB."""
        if time.monotonic() > self.until:
            raise TooSlowError(f"the file {self.shown} takes too long to read.")

    def unreadable(self, why: str) -> InputError:
        """Return what is to be raised for a file that is not what its name says."""
        return InputError(f"the file {self.shown} {why}")


@dataclass(frozen=True)
class Column:
    """A column of a file: its name in lower case, the SQL of its value, and DuckDB's type of it."""

    name: str
    value: str
    type: str = "VARCHAR"

    def text(self, value: str, is_id: bool = False) -> str:
        """Return SQL of the value as text; `value` is what it is called by then."""
        kind = self.type.partition("(")[0]
        if self.type == "VARCHAR":
            return value
        if kind == "BLOB":
            return f"try(decode({value}))"
        if kind in ("STRUCT", "MAP", "LIST") or self.type.endswith("]"):
            return f"cast(to_json({value}) as varchar)"
        if kind == "TIME_NS":
            return f"cast(cast({value} as time) as varchar)"
        if kind == "DECIMAL" and is_id:
            return f"regexp_replace(cast({value} as varchar), '\\.0+$', '')"
        if kind in ("FLOAT", "DOUBLE"):
            number = f"case when not isnan({value}) then cast({value} as double) end"
            if kind == "FLOAT" and is_id:
                return f"""
                    case
                        when abs({value}) >= {values.EXACT_IN_FLOAT} then format('{{:e}}', {number})
                        else cast({number} as varchar)
                    end"""
            return f"cast({number} as varchar)"
        return f"cast({value} as varchar)"

    def instant_us(self, value: str) -> str:
        """Return SQL of the value as an instant, without a way through text where it is one."""
        if self.type.startswith("TIMESTAMP"):
            return f"epoch_us({value})"
        return values.INSTANT_US.sql(self.text(value))


@dataclass(frozen=True)
class Scan:
    """What stands behind `from`, as `raw`; the rest is SQL on it.

    `malformed` is the text of a line that is no row, and null if it is one.
    """

    source: str
    columns: Sequence[Column]
    files: Sequence[SourceFile]
    file_key: str
    line_number: str
    lines: str = "1"
    malformed: str = "null"


def check_columns(file: SourceFile, columns: int) -> None:
    """Raise InputError for a file with too many columns."""
    if columns > _COLUMNS_MAX:
        raise file.unreadable(f"has more than {_COLUMNS_MAX} columns; no more than that are read.")


def identifier(name: str) -> str:
    """Return a name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"


def paths(files: Sequence[SourceFile] | Sequence[Path]) -> str:
    """Return a list of files as SQL writes it; signs that are patterns stand for themselves."""
    every = [str(file.path if isinstance(file, SourceFile) else file) for file in files]
    return "[" + ", ".join(literal(escaped(path)) for path in every) + "]"


def escaped(path: str) -> str:
    """Return a path in which no sign stands for others."""
    return "".join(f"[{sign}]" if sign in "*?[" else sign for sign in path)


def known_columns(one: Input, scan: Scan) -> dict[str, Column]:
    """Return the columns that the file has, by the input's own names of them.

    Raises InputError if one is missing that is needed, or comes twice.
    """
    names = [column.name for column in scan.columns]
    found = {}
    for name, spellings in one.columns.items():
        at = _places(spellings, names) or _places(
            list(map(bare, spellings)), list(map(bare, names))
        )
        if not at:
            if name in one.optional_columns:
                continue
            raise no_column(spellings, scan.files[0], names)
        if len(at) > 1:
            raise InputError(
                f"the column {names[at[0]]} comes {len(at)} times in {scan.files[0].shown}; "
                "once is expected."
            )
        found[name] = scan.columns[at[0]]
    return found


def _places(spellings: Sequence[str], names: Sequence[str]) -> list[int]:
    """Return where the first of the spellings stands that is among the names."""
    spelling = next((spelling for spelling in spellings if spelling in names), None)
    return [at for at, name in enumerate(names) if name == spelling]


def no_column(spellings: Sequence[str], file: SourceFile, names: Sequence[str]) -> InputError:
    """Return what is to be raised for a file without a column that is needed."""
    shown = ["".join(filter(str.isprintable, name))[:_NAME_SHOWN] for name in names[:_NAMES_SHOWN]]
    columns = ", ".join(filter(None, shown)) + (", …" if len(names) > _NAMES_SHOWN else "")
    return InputError(
        f"no column {' or '.join(spellings)} in {file.shown}, "
        + (f"whose columns are: {columns}." if columns else "whose first line is empty.")
    )


def further_columns(one: Input, scan: Scan) -> dict[str, Column]:
    """Return the columns that no one has asked for, by the names that they get, in order.

    A name that the models use gets `given_` in front, as does one that would come out the same; of
    columns with the same name the second gets `_2` at its end, or the first free number.
    """
    known = {spelling for spellings in one.columns.values() for spelling in spellings}
    used = known_columns(one, scan).values()
    names = [column.name for column in scan.columns]
    taken: set[str] = set()
    further = {}
    for column in scan.columns:
        name = column.name
        if not name or name in known or column in used:
            continue
        if name in taken:
            numbers = range(2, len(names) + 2)
            numbered = (f"{name}_{number}" for number in numbers)
            name = next(one for one in numbered if one not in taken and one not in names)
        taken.add(name)
        own = name
        while own.startswith("given_"):
            own = own.removeprefix("given_")
        further[f"given_{name}" if own in NAMES_OF_MODELS else name] = column
    return further


def file_of_row(
    keys: Sequence[Sequence[int]], names: Sequence[str], source: str
) -> tuple[str, list[str]]:
    """Return a source that knows for each row what belongs to its file, and SQL of these.

    `keys` has a list for each of the names, with a number for each file.
    """
    if len(keys[0]) == 1:
        return f"{source} as raw", [str(numbers[0]) for numbers in keys]
    # DuckDB copies a list for each chunk of rows, and takes longer to plan a join.
    if len(keys[0]) <= 100:
        return f"{source} as raw", [
            f"{list(numbers)}[cast(raw.file_index as bigint) + 1]" for numbers in keys
        ]
    lists = ", ".join(
        f"unnest({list(numbers)}) as {name}" for numbers, name in zip(keys, names, strict=True)
    )
    joined = f"""{source} as raw
        inner join (select {lists}, unnest(range({len(keys[0])})) as file_index) as files
            on raw.file_index = files.file_index"""
    return joined, [f"files.{name}" for name in names]
