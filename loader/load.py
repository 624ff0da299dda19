"""Brings the lake up to date with a folder: each version of a file is read once."""

import hashlib
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb

from loader import lake as lakes
from loader.errors import InputError
from loader.finding import Found, Note, find, missing_input
from loader.inputs import INPUTS, Input
from loader.manifest import Known, Manifest, arrived_us, literal, literal_path, reader, replace
from loader.reading import SourceFile, selects

# Up to so many bytes of small files become one part.
_BATCH_BYTES = 512 << 20
_LARGE_BYTES = 64 << 20

# How often a folder is looked at anew that changes while it is read.
_ATTEMPTS = 3

# The clock of a file system ticks every few milliseconds; some know seconds only.
_TICK_NS = 20_000_000
_COARSE_TICK_NS = 2_000_000_000


class _ChangedError(Exception):
    """A file has changed while it was read; the message is its name."""


@dataclass(frozen=True)
class Load:
    """What a load has made of a folder.

    `load` is the number of the last load that changed which versions count. `files` is how many
    count now; `converted` were read, `adopted` copied inside the lake, `removed` count no longer.
    """

    lake_id: str
    load: int
    pruned_load: int
    changed: bool
    clock_us: int
    files: int
    converted: int
    adopted: int
    removed: int
    seconds: float
    notes: list[Note]


@dataclass(frozen=True)
class _Version:
    """A version whose rows are to be written.

    `original` has the same rows in the lake already. `before` was read by another loader from the
    same content: its history goes on. `repaired` is this version itself, whose part is lost.
    """

    file: Found
    sha256: str
    original: Known | None = None
    before: Known | None = None
    repaired: Known | None = None


@dataclass
class _Plan:
    """What is to be done with each file that is found, and with each version that is known."""

    versions: list[_Version] = field(default_factory=list)
    # Of versions that stay: the columns that say how the file lies on disk, where they differ.
    renewed: list[dict[str, Any]] = field(default_factory=list)
    gone: list[Known] = field(default_factory=list)
    # Content that was forgotten, under another name.
    left_out: list[tuple[_Version, Known]] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def load(
    data: Path,
    lake: Path,
    *,
    clock_us: int | None = None,
    monday_is: int = 0,
    memory_limit: str | None = None,
) -> Load:
    """Bring the lake up to date; while another process does so, wait for it.

    Raises InputError with the sentence that stops a build. What was read before that stays.
    """
    began = time.monotonic()
    data, lake = Path(data), Path(lake).absolute()
    clock_us = time.time_ns() // 1000 if clock_us is None else clock_us
    with lakes.locked(lake):
        changed = ""
        for _ in range(_ATTEMPTS):
            try:
                return _attempt(data, lake, clock_us, monday_is, memory_limit, began)
            except _ChangedError as error:
                changed = str(error)
            except duckdb.Error as error:
                if _is_no_space(error):
                    raise InputError(f"there is no space left on the disk of {lake}.") from None
                # What cannot be read any more is made again.
                if not lakes.remove_unreadable(lake):
                    raise
        raise InputError(f"the file {changed or data} keeps changing while it is read.")


def forget(lake: Path, file_key: int, by: str, why: str, clock_us: int | None = None) -> None:
    """Have a version count no longer, as long as a file with its content is there."""
    with _opened(lake) as manifest:
        manifest.forget(file_key, by, why, clock_us or time.time_ns() // 1000)


def remember(lake: Path, file_key: int) -> None:
    """Have a version that was forgotten count again, from the next load on."""
    with _opened(lake) as manifest:
        manifest.remember(file_key)


def replace_version(
    lake: Path, file_key: int, replaces: int, by: str, why: str, clock_us: int | None = None
) -> None:
    """Have a version take the place of another one, with its arrival; that one is forgotten."""
    with _opened(lake) as manifest:
        manifest.replace(file_key, replaces, by, why, clock_us or time.time_ns() // 1000)


def merge(lake: Path) -> int:
    """Merge all small parts of each input; return how many there were."""
    with _opened(lake) as manifest:
        return lakes.merge(manifest, Path(lake).absolute(), all_small=True)


@contextmanager
def _opened(lake: Path) -> Iterator[Manifest]:
    """Offer the manifest of a lake, and commit what was changed in it."""
    lake = Path(lake).absolute()
    with lakes.locked(lake), lakes.connect(lake, None) as connection:
        manifest = Manifest(connection, lake)
        yield manifest
        manifest.commit()


def why_changed(data: Path, lake: Path) -> str | None:
    """Return what a load would find changed, or None; polls are not read for it.

    Raises InputError as `load` does.
    """
    found, notes = find(Path(data))
    if missing := missing_input(found, notes, Path(data)):
        raise missing
    with duckdb.connect() as connection:
        known = Manifest(connection, Path(lake).absolute()).known()
    there = {(one.input, one.path): one for one in known if one.is_there}
    current = reader()
    for file in found:
        one = there.pop((file.input, file.path), None)
        if one is None:
            if not os.access(file.path, os.R_OK):
                continue
            return f"{file.file} is new"
        if one.reader != current and not one.is_forgotten:
            return f"{file.file} was read by another release of the loader"
        if _is_same_stat(file, one):
            if one.is_settled and INPUTS[file.input].is_large:
                continue
        elif INPUTS[file.input].is_large:
            return f"{file.file} has changed"
        try:
            if _sha256(file) != one.sha256:
                return f"{file.file} has changed"
        except _ChangedError:
            return f"{file.file} has changed"
        except PermissionError:
            return f"{file.file} may not be read"
    for one in there.values():
        return f"{one.file} is gone"
    return None


def _attempt(
    data: Path, lake: Path, clock_us: int, monday_is: int, memory_limit: str | None, began: float
) -> Load:
    with lakes.connect(lake, memory_limit) as connection:
        manifest = Manifest(connection, lake)
        loading = _Loading(data, lake, manifest, clock_us)
        loading.run()
        lakes.merge(manifest, lake)
        _keep_notes(connection, lake, loading.plan.notes)
        _check_days(manifest, lake, monday_is)
        [(files,)] = connection.execute(
            "select count(*) from versions where removed_load is null"
        ).fetchall()
        plan = loading.plan
        return Load(
            lake_id=manifest.lake_id,
            load=manifest.load,
            pruned_load=manifest.pruned_load,
            changed=loading.is_changed,
            clock_us=clock_us,
            files=files,
            converted=sum(version.original is None for version in plan.versions),
            adopted=sum(version.original is not None for version in plan.versions),
            removed=loading.removed,
            seconds=time.monotonic() - began,
            notes=plan.notes,
        )


class _Loading:
    """One load, up to its commit."""

    def __init__(self, data: Path, lake: Path, manifest: Manifest, clock_us: int) -> None:
        self.data = data
        self.lake = lake
        self.manifest = manifest
        self.connection = manifest.connection
        self.clock_us = clock_us
        self.looked_ns = time.time_ns()
        self.reader = reader()
        self.plan = _Plan()
        self.is_changed = False
        self.removed = 0
        self.known = manifest.known()
        # Parts that the manifest names and that are not there.
        self.lost: set[str] = set()
        # Rows of the manifest for what has been written so far.
        self.converted: list[dict[str, Any]] = []
        self.copied: list[dict[str, Any]] = []
        self.repaired: list[dict[str, Any]] = []
        # Of those that were converted, which the manifest has already.
        self.kept: set[int] = set()

    def run(self) -> None:
        """Find, tell apart, read, and commit."""
        self.lost = lakes.tidy(self.manifest, self.lake)
        self._remove_other_schema()
        lakes.write_empty_parts(self.connection, self.lake)
        self.plan.found, self.plan.notes = find(self.data)
        self._tell_apart()
        if missing := missing_input(self.plan.found, self.plan.notes, self.data):
            raise missing
        try:
            self._write()
        except InputError:
            self._keep_what_was_read()
            raise
        self._commit()

    def _remove_other_schema(self) -> None:
        """Remove parts that a loader with other columns wrote: a pattern cannot read both."""
        others = {one.lake_file for one in self.known if one.lake_file and self._is_other(one)}
        lakes.remove(self.lake, sorted(others))
        self.lost |= others

    def _is_other(self, one: Known) -> bool:
        return one.reader.split()[-1] != self.reader.split()[-1]

    # Which is which

    def _tell_apart(self) -> None:
        plan = self.plan
        there = {(one.input, one.path): one for one in self.known if one.is_there}
        unknown: list[tuple[Found, str]] = []
        unreadable: list[Found] = []
        in_lake = {
            _content(one): one
            for one in self.known
            if one.lake_file and one.lake_file not in self.lost and one.reader == self.reader
        }
        for file in plan.found:
            one = there.get((file.input, file.path))
            is_same = one is not None and _is_same_stat(file, one)
            if one is not None and is_same and one.is_settled and INPUTS[file.input].is_large:
                sha256 = one.sha256
            else:
                try:
                    sha256 = _sha256(file)
                except PermissionError:
                    unreadable.append(file)
                    continue
            if one is None or one.sha256 != sha256:
                unknown.append((file, sha256))
                continue
            del there[(file.input, file.path)]
            self._stays(file, sha256, one, in_lake)
        for file in unreadable:
            plan.found.remove(file)
            note = f"{file.file} was not read: there is no permission to read it."
            plan.notes.append(Note(file.input, file.file, "not_read", note))
        plan.notes.sort()
        if unknown:
            self._find_moved(unknown, there, in_lake)
        plan.gone = list(there.values())

    def _stays(
        self,
        file: Found,
        sha256: str,
        one: Known,
        in_lake: Mapping[tuple[str, str, str], Known],
    ) -> None:
        """Take a file for the version that it was, under whatever name."""
        plan = self.plan
        if one.reader != self.reader and not one.is_forgotten:
            original = in_lake.get(_content(one))
            plan.versions.append(_Version(file, sha256, original=original, before=one))
            return
        if one.lake_file in self.lost and not one.is_removed:
            plan.versions.append(_Version(file, sha256, repaired=one))
        is_same = _is_same_stat(file, one) and one.path == file.path and one.file == file.file
        if not (is_same and one.is_settled):
            columns = self._columns_of(file, sha256)
            if not is_same or columns["is_settled"]:
                plan.renewed.append({"file_key": one.file_key, **columns})

    def _find_moved(
        self,
        unknown: Sequence[tuple[Found, str]],
        there: dict[tuple[str, str], Known],
        in_lake: Mapping[tuple[str, str, str], Known],
    ) -> None:
        """Take new paths for versions whose path is gone, or for copies of what is in the lake."""
        plan = self.plan
        gone: dict[tuple[str, str, str], list[Known]] = {}
        for one in there.values():
            gone.setdefault(_content(one), []).append(one)
        forgotten = {_content(one): one for one in self.known if one.is_there and one.is_forgotten}
        for file, sha256 in unknown:
            content = (file.input, file.format, sha256)
            if candidates := gone.get(content):
                name = os.path.basename(file.path)
                named = (one for one in candidates if os.path.basename(one.path) == name)
                one = next(named, candidates[0])
                candidates.remove(one)
                del there[(one.input, one.path)]
                self._stays(file, sha256, one, in_lake)
            elif content in forgotten:
                plan.left_out.append((_Version(file, sha256), forgotten[content]))
            else:
                original = in_lake.get(content)
                plan.versions.append(_Version(file, sha256, original=original))

    def _columns_of(self, file: Found, sha256: str) -> dict[str, Any]:
        """Return the columns of a version that say how its file lies on disk now."""
        is_coarse = file.changed_ns % 1_000_000_000 == 0
        return {
            "file": file.file,
            "path": file.path,
            "format": file.format,
            "size_bytes": file.size_bytes,
            "modified_us": file.modified_ns // 1000,
            "modified_ns": file.modified_ns,
            "changed_ns": file.changed_ns,
            "inode": file.inode,
            "is_settled": file.changed_ns + (_COARSE_TICK_NS if is_coarse else _TICK_NS)
            < self.looked_ns,
            "sha256": sha256,
        }

    # Into the lake

    def _write(self) -> None:
        """Write parts for all versions that are not in the lake; polls last, as they take longest.

        So a small file that stops the load does so at once.
        """
        for one in sorted(INPUTS.values(), key=lambda one: one.is_large):
            versions = [version for version in self.plan.versions if version.file.input == one.name]
            if copied := [version for version in versions if version.original is not None]:
                self._copy(one, copied)
            for is_repaired in (False, True):
                read = [
                    version
                    for version in versions
                    if version.original is None and bool(version.repaired) is is_repaired
                ]
                for batch in _batches(read):
                    self._convert(one, batch)

    def _convert(self, one: Input, batch: Sequence[_Version]) -> None:
        """Read files into one part; a load that is killed in it does not read others again."""
        self._keep_what_was_read()
        first_part = self.manifest.take_part_keys(len(batch))
        keys = [version.repaired.file_key for version in batch if version.repaired]
        if not keys:
            first_file = self.manifest.take_file_keys(len(batch))
            keys = list(range(first_file, first_file + len(batch)))
        sources = [
            SourceFile(key, version.file.path, version.file.format, version.file.file)
            for key, version in zip(keys, batch, strict=True)
        ]
        part_key = f"file_key + {first_part - keys[0]}"
        if batch[0].repaired:
            part_key = f"{first_part - 1} + list_position({keys}::bigint[], file_key)"
        try:
            with TemporaryDirectory(prefix=".unpacked_", dir=self.lake) as scratch:
                rows = " union all ".join(
                    f"({select})"
                    for select in selects(
                        self.connection, one, sources, self.clock_us, Path(scratch)
                    )
                )
                part = self._write_part(
                    one, f"select {part_key} as part_key, * from ({rows})", first_part, batch
                )
        except (duckdb.Error, OSError, InputError) as error:
            # A file that changes while it is read can break that in any way.
            _see_unchanged(version.file for version in batch)
            if isinstance(error, duckdb.Error) and not _is_no_space(error):
                raise self._fault(one, batch, error) from None
            raise
        _see_unchanged(version.file for version in batch)
        for key, version, columns in zip(keys, batch, part, strict=True):
            if version.repaired is not None:
                self.repaired.append({"file_key": key, **columns})
            else:
                self.converted.append({**self._row(version, key), **columns})

    def _fault(
        self, one: Input, batch: Sequence[_Version], error: duckdb.Error
    ) -> InputError | duckdb.Error:
        """Return what is to be raised for files that DuckDB cannot read: the first is named."""
        with TemporaryDirectory(prefix=".unpacked_", dir=self.lake) as scratch:
            for version in batch:
                file = version.file
                source = SourceFile(1, file.path, file.format, file.file)
                selected = selects(self.connection, one, [source], self.clock_us, Path(scratch))
                try:
                    for select in selected:
                        self.connection.execute(
                            f"copy ({select}) to {literal(Path(scratch, 'rows'))} (format parquet)"
                        )
                except duckdb.Error as fault:
                    if file.format == "parquet":
                        return source.unreadable(
                            "cannot be read to its end: it is a damaged Parquet file."
                        )
                    said = "".join(filter(str.isprintable, str(fault).partition("\n")[0]))
                    said = said.replace(file.path, "it")[:200].rstrip(". ")
                    return InputError(f"the file {file.file} cannot be read to its end: {said}.")
        return error

    def _copy(self, one: Input, copied: Sequence[_Version]) -> None:
        """Copy rows that are in the lake for files with the same content."""
        first_file = self.manifest.take_file_keys(len(copied))
        first_part = self.manifest.take_part_keys(len(copied))
        originals = [version.original for version in copied if version.original is not None]
        files = sorted({known.lake_file for known in originals if known.lake_file})
        pairs = ", ".join(
            f"({known.part_key}, {first_part + number}, {first_file + number})"
            for number, known in enumerate(originals)
        )
        select = f"""
            select copies.part_key, copies.file_key, originals.* exclude (part_key, file_key)
            from {lakes.rows_of(self.lake, files)} as originals
            inner join (values {pairs}) as copies (original_key, part_key, file_key)
                on originals.part_key = copies.original_key
        """
        part = self._write_part(one, select, first_part, copied)
        for number, version in enumerate(copied):
            self.copied.append({**self._row(version, first_file + number), **part[number]})

    def _write_part(
        self, one: Input, select: str, first_part: int, versions: Sequence[_Version]
    ) -> list[dict[str, Any]]:
        """Write a part; return for each of its versions the columns that say what is in it."""
        part = lakes.write_part(self.connection, self.lake, one, select, first_part)
        counts = lakes.count_rows(self.connection, self.lake, part.lake_file)
        columns = []
        for part_key in range(first_part, first_part + len(versions)):
            rows, set_aside, lines = counts.get(part_key, (0, 0, 0))
            columns.append(
                {
                    "part_key": part_key,
                    **part._asdict(),
                    "loaded_at_us": self.clock_us,
                    "rows": rows,
                    "set_aside": set_aside,
                    "lines": lines,
                }
            )
        return columns

    def _row(self, version: _Version, file_key: int) -> dict[str, Any]:
        """Return a row of the manifest, all but what is in the part."""
        file = version.file
        history = {
            "first_seen_us": self.clock_us,
            "arrived_us": arrived_us(file.file, file.modified_ns // 1000, self.clock_us),
            "replaces": None,
        }
        if version.before is not None:
            history = self.manifest.columns_of(version.before.file_key, history)
        return {
            "file_key": file_key,
            "input": file.input,
            **self._columns_of(file, version.sha256),
            **history,
            "added_load": self.manifest.load + 1,
            "removed_load": None,
            "removed_us": None,
            "is_there": True,
            "reader": self.reader,
        }

    # Into the manifest

    def _commit(self) -> None:
        manifest, plan = self.manifest, self.plan
        is_same = not (plan.versions or plan.renewed or plan.gone or plan.left_out or self.lost)
        if is_same and not manifest.is_changed:
            return
        manifest.lay_out_present()
        self._remove_versions()
        manifest.change(self.plan.renewed)
        manifest.change(self.repaired)
        counts = ("file_key", "added_load", "removed_load", "removed_us", "is_there")
        kept = [version for version in self.converted if version["file_key"] in self.kept]
        manifest.change([{name: version[name] for name in counts} for version in kept])
        new = [version for version in self.converted if version["file_key"] not in self.kept]
        manifest.add([*new, *self.copied])
        for version, forgotten in self.plan.left_out:
            self._leave_out(version, forgotten)
        self._give_up_lost()
        # Nothing is compared if nothing was done.
        self.is_changed = manifest.is_changed and manifest.is_other_than_before()
        if not self.is_changed:
            manifest.commit()
            return
        manifest.load += 1
        before = manifest.parts()
        has_dropped = manifest.drop_what_never_counted()
        if manifest.prune(self.clock_us) or has_dropped:
            lakes.drop_dead_rows(manifest, self.lake)
        retired = before - manifest.parts()
        manifest.commit()
        lakes.retire(self.lake, sorted(retired))

    def _remove_versions(self) -> None:
        removal = {"removed_load": self.manifest.load + 1, "removed_us": self.clock_us}
        read_anew = [version.before for version in self.plan.versions if version.before]
        gone = [*self.plan.gone, *read_anew]
        removed = [one for one in gone if not one.is_removed]
        self.manifest.change([{"file_key": one.file_key, **removal} for one in removed])
        self.manifest.change([{"file_key": one.file_key, "is_there": False} for one in gone])
        self.removed = len(removed)

    def _leave_out(self, version: _Version, forgotten: Known) -> None:
        names = dict.fromkeys(("forgotten_at_us", "forgotten_by", "forgotten_why"))
        row = self._row(version, self.manifest.take_file_keys(1))
        removal = {"removed_load": row["added_load"], "removed_us": self.clock_us}
        self.manifest.add(
            [{**row, **removal, **self.manifest.columns_of(forgotten.file_key, names)}]
        )

    def _give_up_lost(self) -> None:
        """Drop versions that count no longer and whose rows are lost: nobody can hear of them."""
        if not self.lost:
            return
        removed = self.manifest.removed_in(self.lost)
        if not removed:
            return
        self.manifest.pruned_load = max(
            self.manifest.pruned_load, *(load for _, load, _ in removed)
        )
        self.manifest.drop(file_key for file_key, _, is_there in removed if not is_there)
        no_part = {"part_key": None, "lake_file": None, "reader": self.reader}
        self.manifest.change(
            [{"file_key": file_key, **no_part} for file_key, _, is_there in removed if is_there]
        )

    def _keep_what_was_read(self) -> None:
        """Commit what was read so far as versions that do not count.

        Should this load not come to its end, the next one copies their rows. Nothing else of the
        manifest changes.
        """
        kept = {
            "added_load": self.manifest.load,
            "removed_load": self.manifest.load,
            "removed_us": self.clock_us,
            "is_there": False,
        }
        new = [version for version in self.converted if version["file_key"] not in self.kept]
        if new:
            self.manifest.add([{**version, **kept} for version in new])
            self.manifest.commit()
            self.kept |= {version["file_key"] for version in new}


def _batches(versions: Sequence[_Version]) -> Iterator[list[_Version]]:
    """Give out large files alone, and small ones together."""
    batch: list[_Version] = []
    size = 0
    for version in versions:
        size_bytes = version.file.size_bytes
        if size_bytes > _LARGE_BYTES:
            yield [version]
            continue
        if batch and size + size_bytes > _BATCH_BYTES:
            yield batch
            batch, size = [], 0
        batch.append(version)
        size += size_bytes
    if batch:
        yield batch


def _content(one: Known) -> tuple[str, str, str]:
    """Return what two versions have in common whose rows are the same."""
    return one.input, one.format, one.sha256


def _is_same_stat(file: Found, one: Known) -> bool:
    return (
        file.size_bytes == one.size_bytes
        and file.modified_ns == one.modified_ns
        and file.changed_ns == one.changed_ns
        and file.inode == one.inode
    )


def _is_no_space(error: duckdb.Error) -> bool:
    return "No space left" in str(error)


def _see_unchanged(files: Iterable[Found]) -> None:
    """Raise _ChangedError if a file is not as it was when it was found."""
    for file in files:
        try:
            found = os.stat(file.path)
        except OSError:
            raise _ChangedError(file.file) from None
        if (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino) != file[4:]:
            raise _ChangedError(file.file)


def _sha256(file: Found) -> str:
    """Return the hash of a file's bytes; PermissionError is the caller's."""
    try:
        with open(file.path, "rb", buffering=0) as opened:
            return hashlib.file_digest(opened, "sha256").hexdigest()
    except FileNotFoundError:
        raise _ChangedError(file.file) from None
    except PermissionError:
        raise
    except OSError as error:
        raise InputError(f"the file {file.file} cannot be read: {error.strerror}.") from None


def _keep_notes(connection: duckdb.DuckDBPyConnection, lake: Path, notes: Sequence[Note]) -> None:
    """Write the notes of this load, if they are other than those of the last one."""
    path = lake / "notes.parquet"
    try:
        source = f"read_parquet({literal_path(path)}, hive_partitioning = false)"
        if path.exists() and connection.execute(f"from {source}").fetchall() == list(notes):
            return
    except duckdb.Error:
        pass
    values = ", ".join(f"({', '.join(map(literal, note))})" for note in notes)
    unfinished = path.with_name(".notes.parquet")
    rows = f"values {values}" if notes else "select '', '', '', '' where false"
    connection.execute(f"""
        copy (
            select
                input::varchar as input, file::varchar as file,
                kind::varchar as kind, note::varchar as note,
            from ({rows}) as notes (input, file, kind, note)
        ) to {literal(unfinished)} (format parquet)
    """)
    replace(unfinished, path)


def _check_days(manifest: Manifest, lake: Path, monday_is: int) -> None:
    """Raise InputError if days are counted from 1 to 7 and nothing says so."""
    rows = lakes.rows_that_count(manifest, lake, INPUTS["business_hours"])
    if monday_is != 0 or rows is None:
        return
    if why := why_not_these_days(manifest.connection, rows):
        raise InputError(why)


def why_not_these_days(connection: duckdb.DuckDBPyConnection, rows: str) -> str | None:
    """Return a sentence if the days in rows of business_hours go from 1 to 7, without any 0.

    `rows` is a select of what the lake has.
    """
    [(days,)] = connection.execute(f"""
        select list(distinct day_number order by day_number)
        from ({rows})
        where
            day_number between 0 and 7
            and set_aside_as is null
            and store_id is not null
            and opens_us is not null
            and closes_us is not null
    """).fetchall()
    if not days or 0 in days or 7 not in days:
        return None
    return (
        f"the days in business_hours are {_listed(days)}, without any 0: they seem to count from "
        "Monday = 1 to Sunday = 7. The var monday_is: 1 has them read like that."
    )


def _listed(days: Sequence[int]) -> str:
    if len(days) > 2 and list(days) == list(range(days[0], days[-1] + 1)):
        return f"{days[0]} to {days[-1]}"
    return ", ".join(map(str, days))
