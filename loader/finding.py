"""Which files of a folder are inputs, and what is called like one but is not read, with its reason.

A new way of laying out folders goes here.
"""

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from loader.errors import InputError
from loader.inputs import ENDINGS, INPUTS, UPLOAD_NAME

_READ = (
    "inputs are files that end in .csv, .parquet, .json, .jsonl or .ndjson (text also .gz, .zst)"
)

_INPUT_OF = {name: one.name for one in INPUTS.values() for name in one.files}
# The longest name first, so that none is taken for a shorter one.
_NAMES = sorted(_INPUT_OF, key=len, reverse=True)
_CALLED_LIKE = re.compile("|".join(_NAMES))
_WITHIN = re.compile(f"[^a-z]({'|'.join(name for name in _NAMES if '_' in name)})(?![a-z])")
_ENDING = re.compile(f"(?:{'|'.join(re.escape(ending) for ending in ENDINGS)})$")

# `date=2026-03-02`, `2026-03-02`, `20260302`, `2026-03`, `2026`, `2026-W10`; below one also `03`.
_PARTITION = re.compile(
    r"[^=]+=.*|\d{4}(?:[-_.]?\d\d){0,2}(?:[T_: -]?\d\d){0,3}z?|\d{4}-?[wq]\d{1,2}", re.IGNORECASE
)
_PART_OF_A_DATE = re.compile(r"\d{1,2}")

# Tables whose folder also holds rows that no longer count.
_TABLE_LOGS = {"_delta_log": "Delta", ".hoodie": "Hudi", "metadata": "Iceberg"}

_WORKBOOKS = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods", ".numbers")
_ARCHIVES = (".zip", ".tar", ".tgz", ".7z", ".rar", ".bz2", ".xz", ".lz4", ".br", ".snappy", ".z")
_UNFINISHED = (".tmp", ".part", ".crdownload", ".download", ".swp")
_TEXT = (".txt", ".tsv", ".tab", ".psv", ".dat", ".text")
_DATA = (*ENDINGS, *_WORKBOOKS, *_ARCHIVES, *_TEXT, ".orc", ".avro", ".feather", ".arrow", ".xml")

# Names that also begin like a longer one that is misspelt: `stores_status.csv`.
_AMBIGUOUS = {"stores"}

# More than that of what is not read is only counted.
_NOTES_MAX = 100


class Found(NamedTuple):
    """A file of an input, as it lies on disk now; `file` is for people, `path` its real path."""

    input: str
    file: str
    path: str
    format: str
    size_bytes: int
    modified_ns: int
    changed_ns: int
    inode: int


class Note(NamedTuple):
    """What is to be said of a file or an input; `note` is a sentence."""

    input: str
    file: str
    kind: str
    note: str


def find(data: Path) -> tuple[list[Found], list[Note]]:
    """Return the files of all inputs, each real path once for an input, and what is not read.

    Raises InputError if there is no such folder, or it may not be read.
    """
    shown = shown_folder(data)
    try:
        search = _Search()
        search.look_into(os.path.realpath(data), shown, None, False)
    except FileNotFoundError:
        raise InputError(
            f"there is no folder {shown}. STORE_UPTIME_DATA names the folder with the inputs."
        ) from None
    except NotADirectoryError:
        raise InputError(
            f"{shown} is not a folder. STORE_UPTIME_DATA names the folder with the inputs."
        ) from None
    except OSError as error:
        raise InputError(f"the folder {shown} cannot be read: {error.strerror}.") from None
    return _sent_last(list(search.found.values())), search.notes


def _sent_last(found: list[Found]) -> list[Found]:
    """Leave out uploads that were sent again: the last one counts as soon as it is there."""
    sent: dict[Found, tuple[tuple[str, ...], int]] = {}
    last: dict[tuple[str, ...], int] = {}
    for file in found:
        if named := re.fullmatch(UPLOAD_NAME, os.path.basename(file.path)):
            upload = (os.path.dirname(file.path), file.input, named["landed"])
            sent[file] = upload, int(named["sent"] or 0)
            last[upload] = max(last.get(upload, 0), sent[file][1])
    return [file for file in found if file not in sent or sent[file][1] == last[sent[file][0]]]


def missing_input(found: list[Found], notes: list[Note], data: Path) -> InputError | None:
    """Return what is to be raised if an input that is needed has no file."""
    inputs_found = {file.input for file in found}
    for one in INPUTS.values():
        if one.is_optional or one.name in inputs_found:
            continue
        reasons = [note.note for note in notes if note.input == one.name][:3]
        return InputError(
            f"no file {'*.csv or '.join(one.files)}*.csv (or .parquet, .json, .jsonl, .ndjson; "
            f"text also .gz, .zst) in the folder {shown_folder(data)}. "
            + "".join(f"{reason} " for reason in reasons)
            + "STORE_UPTIME_DATA names the folder with the inputs."
        )
    return None


def shown_folder(data: Path) -> str:
    """Return a relative folder as it was given, and one below the working directory as relative.

    So that a file has one name however its folder is spelled.
    """
    folder = os.path.normpath(data)
    if os.path.isabs(folder):
        relative = os.path.relpath(folder)
        return folder if relative.startswith("..") else relative
    return folder


class _Search:
    """Walks through the folders; what is found is kept by input and real path."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, str], Found] = {}
        self.notes: list[Note] = []
        self._folders: set[str] = set()
        self._not_noted = 0

    def look_into(self, folder: str, shown: str, input_name: str | None, is_dated: bool) -> None:
        """Take the inputs of a folder; all its data files if it is called like an input.

        `folder` is its real path. `is_dated` says that it is a part of a date itself.
        """
        if folder in self._folders:
            return
        self._folders.add(folder)
        # An empty folder name, for the working directory, is not shown.
        prefix = "" if shown == "." else f"{shown}/"
        with os.scandir(folder) as entries:
            for entry in entries:
                self._take(entry, prefix + entry.name, input_name, is_dated)

    def _take(
        self, entry: os.DirEntry[str], shown: str, input_of_folder: str | None, is_dated: bool
    ) -> None:
        name = entry.name.lower()
        if name[0] in "._" or name.startswith("~$"):
            return
        if not name.isascii() and not _is_utf8(name):
            shown = shown.encode(errors="replace").decode()
            self._not_read("", shown, "its name is not UTF-8")
            return
        called_like = _CALLED_LIKE.match(name)
        if called_like is not None:
            is_meant = called_like[0] not in _AMBIGUOUS or not _meant(name, len(called_like[0]))
            input_name = _INPUT_OF[called_like[0]] if is_meant else None
        else:
            input_name = None
        input_name = input_of_folder or input_name
        try:
            if entry.is_dir():
                self._take_folder(entry, name, shown, input_of_folder, input_name, is_dated)
                return
            if input_name is None:
                self._note_near_miss(name, shown)
                return
            self._take_file(entry, name, shown, input_name, is_in_folder=bool(input_of_folder))
        except OSError as error:
            self._note(
                input_name or "",
                shown,
                "not_read",
                f"{shown} was not read: {_why_not(error)}.",
            )

    def _take_file(
        self, entry: os.DirEntry[str], name: str, shown: str, input_name: str, is_in_folder: bool
    ) -> None:
        ending = _ENDING.search(name)
        path = entry.path
        is_link = entry.is_symlink()
        try:
            found = entry.stat()
        except FileNotFoundError:
            if not is_link:
                return  # It has just been removed.
            self._not_read(
                input_name, shown, f"it is a link to {os.readlink(path)}, which is not there"
            )
            return
        if not stat.S_ISREG(found.st_mode):
            self._not_read(input_name, shown, f"it is a {_kind(found.st_mode)}, not a file")
            return
        if ending is not None:
            format_name = ending[0][1:]
        elif is_in_folder and "." not in name:
            # Hadoop's part-00000 is what its folder is called.
            ending = _ENDING.search(os.path.dirname(path).lower())
            format_name = ending[0][1:] if ending is not None else ""
        else:
            format_name = ""
        if not format_name:
            if not (is_in_folder and name.endswith(".crc")):
                self._not_read(input_name, shown, _why_not_by_ending(name))
            return
        if is_link:
            path = os.path.realpath(path)
            # The file itself may lie in the folder, too.
            if (input_name, path) in self.found:
                return
        self.found[(input_name, path)] = Found(
            input_name,
            shown,
            path,
            format_name,
            found.st_size,
            found.st_mtime_ns,
            found.st_ctime_ns,
            found.st_ino,
        )

    def _take_folder(
        self,
        entry: os.DirEntry[str],
        name: str,
        shown: str,
        input_of_folder: str | None,
        input_name: str | None,
        is_dated: bool,
    ) -> None:
        path = os.path.realpath(entry.path) if entry.is_symlink() else entry.path
        is_partition = _PARTITION.fullmatch(name) is not None
        if is_partition or (is_dated and _PART_OF_A_DATE.fullmatch(name)):
            self._look_into_part(path, shown, input_of_folder, is_dated=True)
        elif input_of_folder is not None:
            if _holds_data(path):
                self._not_read(
                    input_of_folder,
                    f"{shown}/",
                    "only folders called by a date or key=value are looked into",
                )
        elif input_name is not None:
            self._take_input_folder(path, shown, input_name)
        elif (found := _input_in(path)) is not None:
            self._not_read(
                found,
                f"{shown}/",
                "it holds files called like inputs, but only folders called by a date or "
                "key=value are looked into",
            )
        else:
            self._note_near_miss(f"{name}.csv", f"{shown}/", name)

    def _take_input_folder(self, path: str, shown: str, input_name: str) -> None:
        with os.scandir(path) as entries:
            names = {entry.name for entry in entries}
        for log, table in _TABLE_LOGS.items():
            if log in names:
                self._not_read(
                    input_name,
                    f"{shown}/",
                    f"it is a table of {table}, whose files hold rows that no longer count; "
                    "write its rows as plain Parquet",
                )
                return
        before = len(self.found), len(self.notes)
        self._look_into_part(path, shown, input_name, is_dated=False)
        if (len(self.found), len(self.notes)) == before:
            self._not_read(input_name, f"{shown}/", f"there is no data in it; {_READ}")

    def _look_into_part(
        self, path: str, shown: str, input_name: str | None, is_dated: bool
    ) -> None:
        try:
            self.look_into(path, shown, input_name, is_dated)
        except FileNotFoundError:
            return  # It has just been removed.
        except OSError as error:
            self._not_read(input_name or "", f"{shown}/", _why_not(error))

    def _not_read(self, input_name: str, shown: str, why: str) -> None:
        self._note(input_name, shown, "not_read", f"{shown} was not read: {why}.")

    def _note_near_miss(self, name: str, shown: str, stem: str | None = None) -> None:
        if stem is None and not name.endswith(_DATA):
            return
        meant = _meant(name, 0)
        if meant is not None:
            ending = "" if stem else ".csv"
            self._note(
                _INPUT_OF[meant],
                shown,
                "near_miss",
                f"{shown} was not read: is it meant as {meant}*{ending}?",
            )

    def _note(self, input_name: str, shown: str, kind: str, note: str) -> None:
        if len(self.notes) < _NOTES_MAX:
            self.notes.append(Note(input_name, shown, kind, note))
        elif len(self.notes) == _NOTES_MAX:
            self.notes.append(
                Note("", "", "not_read", f"More than {_NOTES_MAX} files were not read.")
            )


def _is_utf8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _holds_data(folder: str) -> bool:
    with os.scandir(folder) as entries:
        return any(_ENDING.search(entry.name.lower()) for entry in entries)


def _input_in(folder: str) -> str | None:
    """Return of which input a file lies right in a folder."""
    with os.scandir(folder) as entries:
        for entry in entries:
            called_like = _CALLED_LIKE.match(entry.name.lower())
            if called_like is not None and _ENDING.search(entry.name.lower()):
                return _INPUT_OF[called_like[0]]
    return None


def _why_not(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return "there is no permission to read it"
    return f"{(error.strerror or 'it cannot be read').lower()}"


def _kind(mode: int) -> str:
    if stat.S_ISSOCK(mode):
        return "socket"
    if stat.S_ISFIFO(mode):
        return "pipe"
    return "device"


def _why_not_by_ending(name: str) -> str:
    ending = os.path.splitext(name)[1]
    if name.endswith(_WORKBOOKS):
        return "it is a workbook; save its sheet as CSV"
    if name.endswith(_ARCHIVES):
        return f"it is packed as {ending}; unpack it, or pack it as .gz or .zst"
    if name.endswith((".parquet.gz", ".parquet.zst")):
        return "Parquet is packed by itself; unpack it"
    if name.endswith((".bak", "~")):
        return "its name is that of a backup"
    if name.endswith(_UNFINISHED):
        return f"a name that ends in {ending or name[-1]} is that of a file that is not finished"
    if name.endswith(_TEXT):
        return f"it ends in {ending}; call it .csv, with whatever separates its columns"
    return _READ


def _meant(name: str, taken: int) -> str | None:
    """Return the input's name that a file's name was probably meant to begin with.

    None if it is far from all, or if it begins with one of `taken` characters that fits as well.
    What follows may be a date, a number or a short word: `timezone_offsets.csv` is no `timezones`.
    """
    stem = name[: ending.start()] if (ending := _ENDING.search(name)) else name.partition(".")[0]
    # `export_store_status.csv`, `Copy of store_status.csv`.
    if not taken and (within := _WITHIN.search(stem)):
        return within[1]
    for known in _NAMES:
        if len(known) <= taken:
            break
        for head in _heads(stem, len(known)):
            if not taken and re.search(r"[a-z]{5}", stem[len(head) :]):
                continue
            plain, known_plain = re.sub(r"[^a-z]", "", head), known.replace("_", "")
            if _is_near(plain, known_plain):
                return known
    return None


def _heads(stem: str, length: int) -> Iterator[str]:
    """Give out the beginnings of about that length that end where a word ends."""
    for end in range(length + 2, length - 3, -1):
        if 0 < end <= len(stem) and (end == len(stem) or not stem[end].isalpha()):
            yield stem[:end]


def _is_near(one: str, other: str) -> bool:
    """Say whether at most one letter was left out, added, changed or swapped with the next."""
    if abs(len(one) - len(other)) > 1:
        return False
    start = 0
    while start < min(len(one), len(other)) and one[start] == other[start]:
        start += 1
    a, b = one[start:], other[start:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[1::-1] == b[:2] and a[2:] == b[2:])
