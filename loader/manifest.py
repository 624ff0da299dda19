"""Which version of which file is in the lake; read whole, changed in memory, replaced at once."""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import duckdb

from loader.errors import InputError
from loader.inputs import INPUTS, UPLOAD_NAME

# Raised by whoever changes what the reading makes of a file: all files are then converted anew.
READER = 4

COLUMNS = {
    "file_key": "bigint",
    "part_key": "bigint",
    "lake_file": "varchar",
    "lake_bytes": "bigint",
    # Whether the part is as it was written: where its change time is another, its bytes decide.
    "lake_changed_ns": "bigint",
    "lake_sha256": "varchar",
    "input": "varchar",
    "file": "varchar",
    "path": "varchar",
    # The ending of its name, which decides how it is read.
    "format": "varchar",
    "size_bytes": "bigint",
    "modified_us": "bigint",
    "modified_ns": "bigint",
    "changed_ns": "bigint",
    "inode": "bigint",
    # A change within the same tick of the clock would not show.
    "is_settled": "boolean",
    "sha256": "varchar",
    "first_seen_us": "bigint",
    "arrived_us": "bigint",
    "place": "bigint",
    "loaded_at_us": "bigint",
    "rows": "bigint",
    "set_aside": "bigint",
    "lines": "bigint",
    "added_load": "bigint",
    # A version that was forgotten is removed, though its file is still there.
    "removed_load": "bigint",
    "removed_us": "bigint",
    "is_there": "boolean",
    "reader": "varchar",
    "forgotten_at_us": "bigint",
    "forgotten_by": "varchar",
    "forgotten_why": "varchar",
    "replaces": "bigint",
}

# The same in every row, so that one file holds all that a load commits.
_HEAD = {
    "lake_id": "varchar",
    "load": "bigint",
    "pruned_load": "bigint",
    "next_file_key": "bigint",
    "next_part_key": "bigint",
}

# Removed versions stay until no table that is built now and then needs to hear of them.
_KEPT_LOADS = 50
_KEPT_US = 7 * 86_400_000_000

# "week9" comes before "week10". Names are compared of files only that arrived at once.
_PLACES = r"""
    select
        file_key,
        case when removed_load is null then row_number() over (
            partition by input, removed_load is null
            order by arrived_us, name, file_key
        ) end as place,
    from (
        select
            *,
            case when count(*) over (partition by input, arrived_us) > 1 then
                array_to_string(list_transform(
                    regexp_extract_all(lower(file), '[0-9]+|[^0-9]+'),
                    lambda part: case
                        when regexp_matches(part, '^[0-9]') then lpad(part, 20, '0')
                        else part
                    end
                ), '')
            end as name,
        from versions
    )
"""


def reader() -> str:
    """Return what tells one way of reading from another: of the loader, of DuckDB, the columns."""
    return f"{READER} {duckdb.__version__} {schema()}"


def schema() -> str:
    """Return what tells one set of columns of the lake from another."""
    columns = [[name, list(one.schema.items())] for name, one in INPUTS.items()]
    return hashlib.md5(json.dumps(columns).encode()).hexdigest()[:8]


def arrived_us(file: str, modified_us: int, first_seen_us: int) -> int:
    """Return when a version arrived; an upload says so in its name."""
    if named := re.fullmatch(UPLOAD_NAME, os.path.basename(file)):
        with suppress(ValueError):
            at = datetime.strptime(named["landed"], "%Y%m%dT%H%M%S%f").replace(tzinfo=UTC)
            return int(at.timestamp()) * 1_000_000 + at.microsecond
    return min(modified_us, first_seen_us)


class Known(NamedTuple):
    """What tells whether a file that is found is a version that is known."""

    file_key: int
    part_key: int | None
    input: str
    file: str
    path: str
    format: str
    size_bytes: int
    modified_ns: int
    changed_ns: int
    inode: int
    is_settled: bool
    sha256: str
    is_there: bool
    is_removed: bool
    is_forgotten: bool
    reader: str
    lake_file: str | None


class Manifest:
    """The manifest of a lake: its head, and the view or table `versions` of a connection."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, lake: Path) -> None:
        """Read it; without one that can be read the lake begins anew, under another id."""
        self.connection = connection
        self._path = lake / "manifest.parquet"
        self.lake_id, self.load, self.pruned_load = str(uuid4()), 0, 0
        self.next_file_key, self.next_part_key = 1, 1
        self.is_changed = False
        nothing = ", ".join(f"null::{kind} as {name}" for name, kind in COLUMNS.items())
        source = f"select {nothing} where false"
        try:
            file = f"read_parquet({literal_path(self._path)}, hive_partitioning = false)"
            head = connection.execute(f"select {', '.join(_HEAD)} from {file} limit 1").fetchone()
            if head is not None:
                connection.execute(f"select sum(hash(rows)) from {file} as rows")
                given = f"select {', '.join(COLUMNS)} from {file}"
                connection.execute(f"{given} limit 0")
                source = given
                self.lake_id, self.load, self.pruned_load = head[:3]
                self.next_file_key, self.next_part_key = head[3:]
        except duckdb.Error:
            pass
        # Most loads change nothing: then it need not be copied.
        self._is_view = True
        connection.execute(f"create temp view versions as {source}")

    def known(self) -> list[Known]:
        """Return all versions."""
        rows = self.connection.execute("""
            select
                file_key, part_key, input, file, path, format,
                size_bytes, modified_ns, changed_ns, inode, is_settled, sha256,
                is_there, removed_load is not null,
                forgotten_at_us is not null, reader, lake_file,
            from versions
            order by file_key
        """).fetchall()
        return list(map(Known._make, rows))

    def take_file_keys(self, count: int) -> int:
        """Return the first of so many keys that no version has had."""
        self.next_file_key += count
        return self.next_file_key - count

    def take_part_keys(self, count: int) -> int:
        """Return the first of so many keys that nothing in the lake has had."""
        self.next_part_key += count
        return self.next_part_key - count

    def copy(self) -> None:
        """Have `versions` be a table, which can be changed."""
        self.is_changed = True
        if self._is_view:
            self._is_view = False
            self.connection.execute("""
                create temp table versions_changed as from versions;
                drop view versions;
                alter table versions_changed rename to versions;
            """)

    def add(self, versions: Sequence[Mapping[str, Any]]) -> None:
        """Add versions; columns that are not given are null."""
        if versions:
            self.copy()
            self._lay_out("added", versions)
            self.connection.execute("insert into versions by name from added")

    def change(self, changes: Sequence[Mapping[str, Any]]) -> None:
        """Set columns of versions, which are named by their file_key; the same columns of each."""
        if not changes:
            return
        self.copy()
        self._lay_out("changes", changes)
        names = [name for name in changes[0] if name != "file_key"]
        self.connection.execute(f"""
            update versions set {", ".join(f"{name} = changes.{name}" for name in names)}
            from changes where versions.file_key = changes.file_key
        """)

    def change_parts(self, parts: Sequence[Any]) -> None:
        """Have other times for parts that are as they were written."""
        if parts:
            self.copy()
            self._lay_out("changed_parts", [part._asdict() for part in parts])
            self.connection.execute("""
                update versions set lake_changed_ns = changed_parts.lake_changed_ns
                from changed_parts where versions.lake_file = changed_parts.lake_file
            """)

    def drop(self, file_keys: Iterable[int]) -> None:
        """Know nothing of these versions any more; their rows in the lake count no longer."""
        keys = [{"file_key": key} for key in file_keys]
        if keys:
            self.copy()
            self._lay_out("dropped", keys)
            self.connection.execute(
                "delete from versions where file_key in (select file_key from dropped)"
            )

    def columns_of(self, file_key: int, names: Iterable[str]) -> dict[str, Any]:
        """Return some columns of a version."""
        row = self._row(file_key)
        return {name: row[name] for name in names}

    def parts(self) -> set[str]:
        """Return the parts that hold rows of versions."""
        rows = self.connection.execute(
            "select distinct lake_file from versions where lake_file is not null"
        ).fetchall()
        return {lake_file for (lake_file,) in rows}

    def removed_in(self, parts: set[str]) -> list[tuple[int, int, bool]]:
        """Return the versions in some parts that do not count: key, load, and if it is there."""
        rows = self.connection.execute("""
            select file_key, removed_load, is_there, lake_file from versions
            where removed_load is not null and lake_file is not null
        """).fetchall()
        return [(key, load, is_there) for key, load, is_there, part in rows if part in parts]

    def lay_out_present(self) -> None:
        """Keep in mind which versions count, for `is_other_than_before`."""
        self.connection.execute(f"create or replace temp table present_before as {self._present()}")

    def is_other_than_before(self) -> bool:
        """Say whether other versions count, or in another order; number the places anew."""
        self.connection.execute(f"""
            update versions set place = placed.place
            from ({_PLACES}) as placed
            where
                versions.file_key = placed.file_key
                and versions.place is distinct from placed.place
        """)
        present = self._present()
        [(count,)] = self.connection.execute(f"""
            select count(*) from (
                ({present} except from present_before)
                union all
                (from present_before except {present})
            )
        """).fetchall()
        return count > 0

    def drop_what_never_counted(self) -> bool:
        """Drop what a load that did not come to its end has read; return whether there was any."""
        rows = self.connection.execute(
            "select file_key from versions where added_load = removed_load and not is_there"
        ).fetchall()
        self.drop(file_key for (file_key,) in rows)
        return bool(rows)

    def prune(self, clock_us: int) -> bool:
        """Drop versions that were removed so long ago that nothing needs to hear of them.

        Return whether there were any.
        """
        rows = self.connection.execute(
            """
            select file_key, removed_load from versions
            where not is_there and removed_load <= ? and removed_us < ?
            """,
            [self.load - _KEPT_LOADS, clock_us - _KEPT_US],
        ).fetchall()
        if rows:
            self.pruned_load = max(self.pruned_load, *(load for _, load in rows))
            self.drop(key for key, _ in rows)
        return bool(rows)

    def commit(self) -> None:
        """Replace the manifest on disk, at once; what it names is there by then."""
        if not self.is_changed:
            return
        head = (
            f"'{self.lake_id}' as lake_id, {self.load}::bigint as load, "
            f"{self.pruned_load}::bigint as pruned_load, "
            f"{self.next_file_key}::bigint as next_file_key, "
            f"{self.next_part_key}::bigint as next_part_key"
        )
        unfinished = self._path.with_name(".manifest.parquet")
        self.connection.execute(f"""
            copy (select *, {head} from versions order by file_key)
            to {literal(unfinished)} (format parquet, compression snappy)
        """)
        replace(unfinished, self._path)
        self.is_changed = False

    def forget(self, file_key: int, by: str, why: str, clock_us: int) -> None:
        """Have a version count no longer, for as long as a file with its content is there."""
        self._row(file_key)
        self.copy()
        self.lay_out_present()
        self._forget(file_key, by, why, clock_us)

    def remember(self, file_key: int) -> None:
        """Have a version that was forgotten come back by the next load."""
        row = self._row(file_key)
        if row["forgotten_at_us"] is None:
            raise InputError(f"the version {file_key} of {row['file']} was not forgotten.")
        self.change(
            [
                {
                    "file_key": file_key,
                    "forgotten_at_us": None,
                    "forgotten_by": None,
                    "forgotten_why": None,
                    "is_there": False,
                }
            ]
        )

    def replace(self, file_key: int, replaces: int, by: str, why: str, clock_us: int) -> None:
        """Have a version count in place of another one of its input, which is forgotten."""
        new, old = self._row(file_key), self._row(replaces)
        if new["input"] != old["input"] or file_key == replaces:
            raise InputError(
                f"{new['file']} cannot take the place of {old['file']}: another version of the "
                "same input is expected."
            )
        if new["removed_load"] is not None:
            raise InputError(f"{new['file']} does not count itself (version {file_key}).")
        self.copy()
        self.lay_out_present()
        self.connection.execute(
            "update versions set arrived_us = ?, replaces = ? where file_key = ?",
            [old["arrived_us"], replaces, file_key],
        )
        self._forget(replaces, by, why or f"replaced by {new['file']}", clock_us)

    def _forget(self, file_key: int, by: str, why: str, clock_us: int) -> None:
        self.connection.execute(
            """
            update versions set
                forgotten_at_us = $at, forgotten_by = $by, forgotten_why = $why,
                removed_load = coalesce(removed_load, $load),
                removed_us = coalesce(removed_us, $at),
            where file_key = $file_key
            """,
            {"at": clock_us, "by": by, "why": why, "load": self.load + 1, "file_key": file_key},
        )
        if self.is_other_than_before():
            self.load += 1

    def _row(self, file_key: int) -> dict[str, Any]:
        rows = self.connection.execute(
            f"select {', '.join(COLUMNS)} from versions where file_key = ?", [file_key]
        ).fetchall()
        if not rows:
            raise InputError(f"there is no version {file_key}; `python -m loader list` shows all.")
        return dict(zip(COLUMNS, rows[0], strict=True))

    def _present(self) -> str:
        return (
            "select file_key, place, parse_filename(file) as name from versions "
            "where removed_load is null"
        )

    def _lay_out(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Make a table of rows; lists as parameters would take seconds for thousands of them."""
        structure = json.dumps([{name: COLUMNS[name] for name in rows[0]}])
        self.connection.execute(
            f"create or replace temp table {table} as "
            f"select unnest(from_json($1, {literal(structure)}), recursive := true)",
            [json.dumps(rows)],
        )


def literal(text: object) -> str:
    """Return text as SQL writes it."""
    return "'" + str(text).replace("'", "''") + "'"


def literal_path(path: object) -> str:
    """Return the path of one file for DuckDB's readers, which would take it for a pattern."""
    return literal(re.sub(r"[\[*?]", lambda found: f"[{found[0]}]", str(path)))


def replace(unfinished: Path, path: Path) -> None:
    """Give a finished file its name; a loss of power leaves it whole, or not there."""
    sync(unfinished)
    os.replace(unfinished, path)
    sync(path.parent)


def sync(path: Path) -> None:
    """Force the content of a file, or the names in a folder, to disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
