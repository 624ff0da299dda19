"""The rows of all versions as Parquet files, in one folder for each input.

A part may hold the rows of many versions; its name is the first of their part keys. Rows whose part
key is not in the manifest do not count: those of a load that was killed, or merged since.
"""

import fcntl
import hashlib
import json
import math
import os
import shutil
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from loader.inputs import INPUTS, Input
from loader.manifest import Manifest, literal, literal_path, replace, schema
from loader.reading.scan import COUNTED

# Polls take three quarters of the space, half the time to write and to read, against the defaults.
_PARQUET = "format parquet, parquet_version v2, compression zstd, compression_level 1"

# A part that is larger is not merged with others.
SMALL_BYTES = 64 << 20

# Parts of about one size that an input has before they are merged: so each row is written anew
# a few times at most, and an input has a few dozen small parts at most.
_PARTS_MAX = 12
_TIER_BYTES = 8 << 10
_TIER_FACTOR = 8

# A build that has begun before goes on reading parts that were merged since.
_KEPT_SECONDS = 2 * 3600


@contextmanager
def locked(lake: Path) -> Iterator[None]:
    """Have the lake for this process alone; waits for others."""
    lake.mkdir(parents=True, exist_ok=True)
    with (lake / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def connect(lake: Path, memory_limit: str | None) -> duckdb.DuckDBPyConnection:
    """Return a connection of its own, which spills into the lake's folder."""
    config: dict[str, Any] = {"temp_directory": str(lake / ".spill")}
    if memory_limit:
        config["memory_limit"] = memory_limit
    connection = duckdb.connect(config=config)
    # The default is the machine's own zone.
    connection.execute("set TimeZone = 'UTC'")
    return connection


class Part(NamedTuple):
    """A file of the lake, with its path below it, as the manifest has it."""

    lake_file: str
    lake_bytes: int
    lake_changed_ns: int
    lake_sha256: str


def write_part(
    connection: duckdb.DuckDBPyConnection, lake: Path, one: Input, select: str, part_key: int
) -> Part:
    """Write the rows of a select as a part."""
    lake_file = f"{one.name}/{part_key}.parquet"
    path = lake / lake_file
    path.parent.mkdir(exist_ok=True)
    unfinished = path.with_name(f".{path.name}")
    columns = ", ".join(f"cast({name} as {kind}) as {name}" for name, kind in one.schema.items())
    # To keep the order takes a quarter longer.
    connection.execute(f"set preserve_insertion_order = {COUNTED in select}")
    connection.execute(
        f"copy (select {columns} from ({select})) to {literal(unfinished)} ({_PARQUET})"
    )
    sha256 = _sha256(unfinished)
    replace(unfinished, path)
    found = path.stat()
    return Part(lake_file, found.st_size, found.st_ctime_ns, sha256)


def _sha256(path: Path) -> str:
    with path.open("rb", buffering=0) as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def count_rows(
    connection: duckdb.DuckDBPyConnection, lake: Path, lake_file: str
) -> dict[int, tuple[int, int, int]]:
    """Return of each version in a part, by its part key: rows, those set aside, and lines."""
    rows = connection.execute(f"""
        select part_key, count(*), count(set_aside_as), sum(lines)::bigint
        from {rows_of(lake, [lake_file])}
        group by part_key
    """).fetchall()
    return {part_key: (count, set_aside, lines) for part_key, count, set_aside, lines in rows}


def rows_of(lake: Path, lake_files: Sequence[str | Path]) -> str:
    """Return what stands after `from` for all rows of some parts."""
    paths = ", ".join(literal_path(lake / lake_file) for lake_file in lake_files)
    return f"read_parquet([{paths}], hive_partitioning = false)"


def rows_that_count(
    manifest: Manifest, lake: Path, one: Input, left_out: Collection[str] = ()
) -> str | None:
    """Return a select of the rows of an input's versions that count; None if it has none.

    Files whose names are `left_out` do not count.
    """
    counts = f"input = {literal(one.name)} and removed_load is null"
    if left_out:
        counts += f" and parse_filename(file) not in ({', '.join(map(literal, left_out))})"
    files = manifest.connection.execute(
        f"select distinct lake_file from versions where {counts}"
    ).fetchall()
    if not files:
        return None
    return f"""
        from {rows_of(lake, [file for (file,) in files])}
        where part_key in (select part_key from versions where {counts})
    """


def write_empty_parts(connection: duckdb.DuckDBPyConnection, lake: Path) -> None:
    """Have each input's folder hold a part without rows, so that it can be read by a pattern."""
    marker = lake / ".schema"
    is_current = marker.exists() and marker.read_text() == schema()
    for one in INPUTS.values():
        path = lake / one.name / "empty.parquet"
        if is_current and path.exists() and path.stat().st_size:
            continue
        path.parent.mkdir(exist_ok=True)
        unfinished = path.with_name(".empty.parquet")
        columns = ", ".join(f"null::{kind} as {name}" for name, kind in one.schema.items())
        connection.execute(
            f"copy (select {columns} where false) to {literal(unfinished)} ({_PARQUET})"
        )
        replace(unfinished, path)
    if not is_current:
        marker.write_text(schema())


def tidy(manifest: Manifest, lake: Path) -> set[str]:
    """Remove what a load that was killed has left, and what was merged or pruned long ago.

    Return the parts that the manifest names and that are gone or not as long as they were.
    """
    rows = manifest.connection.execute(
        "select distinct lake_file, lake_bytes, lake_changed_ns, lake_sha256 from versions "
        "where lake_file is not null"
    ).fetchall()
    named = {part.lake_file: part for part in map(Part._make, rows)}
    sound = set()
    renewed = []
    now = time.time()
    for folder in (lake / ".spill", *lake.glob(".unpacked_*")):
        shutil.rmtree(folder, ignore_errors=True)
    for name in INPUTS:
        folder = lake / name
        if not folder.is_dir():
            continue
        with os.scandir(folder) as entries:
            for entry in entries:
                lake_file = f"{name}/{entry.name}"
                if entry.name == "empty.parquet":
                    continue
                found = entry.stat(follow_symlinks=False)
                part = named.get(lake_file)
                is_same = part is not None and part.lake_changed_ns == found.st_ctime_ns
                if part is not None and found.st_size == part.lake_bytes:
                    # A lake that was copied has other times.
                    if not is_same and _sha256(Path(entry.path)) == part.lake_sha256:
                        is_same = True
                        renewed.append(part._replace(lake_changed_ns=found.st_ctime_ns))
                else:
                    is_same = False
                if is_same:
                    sound.add(lake_file)
                elif (
                    lake_file in named
                    or _is_left_over(entry.name, manifest.next_part_key)
                    or found.st_mtime < now - _KEPT_SECONDS
                ):
                    os.unlink(entry)
    manifest.change_parts(renewed)
    return named.keys() - sound


def _is_left_over(name: str, next_part_key: int) -> bool:
    """Say whether a load that was not committed wrote it: such keys are given again."""
    number = name.removesuffix(".parquet")
    return not number.isdigit() or int(number) >= next_part_key


def retire(lake: Path, lake_files: Sequence[str]) -> None:
    """Keep parts for a while that the manifest names no longer."""
    for lake_file in lake_files:
        with suppress(FileNotFoundError):
            os.utime(lake / lake_file)


def remove(lake: Path, lake_files: Sequence[str]) -> None:
    """Remove parts that nobody can read."""
    for lake_file in lake_files:
        (lake / lake_file).unlink(missing_ok=True)


def remove_unreadable(lake: Path) -> int:
    """Remove parts that cannot be read to their end, and return how many there were."""
    removed = 0
    for path in lake.glob("*/*.parquet"):
        try:
            with duckdb.connect() as connection:
                connection.execute(f"select sum(hash(part)) from {rows_of(lake, [path])} as part")
        except duckdb.Error:
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def merge(manifest: Manifest, lake: Path, all_small: bool = False) -> int:
    """Merge small parts where an input has many, and commit; return how many parts went."""
    merged: list[str] = []
    for one in INPUTS.values():
        sizes = dict(
            manifest.connection.execute(
                "select distinct lake_file, lake_bytes from versions where input = ? "
                "and lake_file is not null and lake_bytes < ? order by all",
                [one.name, SMALL_BYTES],
            ).fetchall()
        )
        for lake_files in _to_merge(sizes, all_small):
            _merge(manifest, lake, one, lake_files)
            merged += lake_files
    if merged:
        manifest.commit()
        retire(lake, merged)
    return len(merged)


def drop_dead_rows(manifest: Manifest, lake: Path) -> None:
    """Write parts anew of which most rows do not count any more, as their versions were pruned."""
    connection = manifest.connection
    parts = connection.execute(
        "select input, lake_file, sum(rows) from versions where lake_file is not null group by all"
    ).fetchall()
    for name, lake_file, rows in parts:
        [(total,)] = connection.execute(
            f"select num_rows from parquet_file_metadata({literal_path(lake / lake_file)})"
        ).fetchall()
        if rows * 2 < total:
            _merge(manifest, lake, INPUTS[name], [lake_file])


def _to_merge(sizes: Mapping[str, int], all_small: bool) -> list[list[str]]:
    """Return which parts are to become one, by their sizes."""
    if all_small:
        return [list(sizes)] if len(sizes) > 1 else []
    tiers: dict[int, list[str]] = {}
    for lake_file, size in sizes.items():
        tier = int(math.log(max(size / _TIER_BYTES, 1), _TIER_FACTOR))
        tiers.setdefault(tier, []).append(lake_file)
    return [lake_files for lake_files in tiers.values() if len(lake_files) > _PARTS_MAX]


def _merge(manifest: Manifest, lake: Path, one: Input, lake_files: Sequence[str]) -> None:
    """Write one part in place of some, in the manifest as well."""
    manifest.copy()
    connection = manifest.connection
    connection.execute("create or replace temp table merged_files (lake_file varchar)")
    connection.execute(
        "insert into merged_files select unnest(from_json(?, '[\"varchar\"]'))",
        [json.dumps(list(lake_files))],
    )
    [(count,)] = connection.execute(
        "select count(*) from versions semi join merged_files using (lake_file)"
    ).fetchall()
    first = manifest.take_part_keys(count)
    connection.execute(f"""
        create or replace temp table moves as
        select
            file_key,
            part_key as old_key,
            {first} - 1 + row_number() over (order by file_key) as new_key,
        from versions
        semi join merged_files using (lake_file)
    """)
    select = f"""
        select new_key as part_key, rows_of_parts.* exclude (part_key)
        from {rows_of(lake, lake_files)} as rows_of_parts
        inner join moves on rows_of_parts.part_key = moves.old_key
    """
    part = write_part(connection, lake, one, select, first)
    connection.execute(
        f"""
        update versions set
            part_key = moves.new_key, {", ".join(f"{name} = ${name}" for name in part._fields)}
        from moves where versions.file_key = moves.file_key
        """,
        part._asdict(),
    )


def size_on_disk(lake: Path) -> int:
    """Return the bytes of all files of the lake."""
    return sum(
        os.path.getsize(os.path.join(folder, name))
        for folder, _, names in os.walk(lake)
        for name in names
    )
