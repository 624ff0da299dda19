"""Publishes what an engine of dbt has built that cannot call Python.

Of what Spark has built, that is a release with tables from Parquet, as DuckDB's build makes one;
views and functions are DuckDB's own, whose text dbt has compiled for Spark. What dbt 2 has built is
a release already, to which the link is led.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from api.instants import now
from api.releases import Releases, remove
from api.rows import identifier, literal
from loader.manifest import literal_path


class NothingBuiltError(Exception):
    """There is nothing to publish; the message says why."""


def publish(db: Path) -> tuple[Path, bool]:
    """Publish what Spark built last; return the release, and whether it is the newest now.

    If a later release is there, that is returned. An experiment gets no pointer. Raises
    NothingBuiltError if no whole build is there, or its tables are not.
    """
    written = db.parent / "spark" / "release.json"
    releases = Releases(db)
    newest = releases.newest()
    try:
        said = json.loads(written.read_text(encoding="utf-8"))
    except FileNotFoundError:
        if newest:
            releases.lead_to_newest()
            return newest.path, True
        raise NothingBuiltError(
            f"there is no {written}: a whole `dbt build --target spark` that went well writes it."
        ) from None
    pointer: dict[str, Any] = said["pointer"]
    is_experiment = pointer.pop("is_experiment")
    started_at = datetime.fromisoformat(pointer["started_at"])
    if newest and newest.started_at >= started_at and not is_experiment:
        releases.lead_to_newest()
        return newest.path, True
    releases.folder.mkdir(parents=True, exist_ok=True)
    path = releases.folder / f"{pointer['release']}.duckdb"
    remove(path)
    try:
        _write(path, said)
    except BaseException:
        remove(path)
        raise
    if not is_experiment:
        pointer["path"] = f"releases/{path.name}"
        releases.publish(json.dumps({**pointer, "published_at": now()}))
    return path, not is_experiment


def _write(path: Path, said: dict[str, Any]) -> None:
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        connection.execute("set preserve_insertion_order = true")
        connection.execute(f"attach {literal(path)} as release (storage_version 'v1.5.0')")
        connection.execute("use release")
        for schema in sorted({each["schema"] for each in said["tables"] + said["views"]}):
            connection.execute(f"create schema if not exists {identifier(schema)}")
        for table in said["tables"]:
            name = f"{identifier(table['schema'])}.{identifier(table['name'])}"
            files = ", ".join(map(literal_path, _files(table["path"])))
            connection.execute(
                f"create table {name} as from read_parquet([{files}], hive_partitioning = false)"
            )
        for view in said["views"]:
            name = f"{identifier(view['schema'])}.{identifier(view['name'])}"
            connection.execute(f"create view {name} as {view['sql']}")
        connection.execute(said["functions"])
        connection.execute("use memory; detach release")


def _files(folder: str) -> list[Path]:
    """Return the parts of a table in the order in which Spark has numbered them."""
    if files := sorted(Path(folder).glob("*.parquet")):
        return files
    raise NothingBuiltError(f"there is no Parquet in {folder}, which this machine is to see.")
