"""Staging's compiled SQL, by which uploads are judged without starting dbt.

Whoever has the project parsed keeps it in a file; the service reads it from there.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_LOOK_SECONDS = 0.1


class NotCompiledError(Exception):
    """There is no compiled SQL, as the project was not parsed yet, or cannot be."""


@dataclass(frozen=True)
class Staging:
    """The select of each model of staging, by its name, and what it calls the database."""

    database: str
    selects: Mapping[str, str]


def write_staging(staging: Staging, target_path: Path) -> None:
    """Keep the SQL in the folder with dbt's other results."""
    path = _path(target_path)
    unfinished = path.with_name(f"{path.name}.tmp")
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished.write_text(
        json.dumps({"database": staging.database, "selects": dict(staging.selects)})
    )
    unfinished.replace(path)


def forget_staging(target_path: Path) -> None:
    """Remove what another version of the project may have left."""
    _path(target_path).unlink(missing_ok=True)


def read_staging(target_path: Path, wait_seconds: float) -> Staging:
    """Return the SQL, waiting until it is there; raises NotCompiledError if it does not come."""
    give_up_at = time.monotonic() + wait_seconds
    while True:
        try:
            path = _path(target_path)
            return _read(path, path.stat().st_mtime_ns)
        except FileNotFoundError:
            if time.monotonic() >= give_up_at:
                raise NotCompiledError from None
        time.sleep(_LOOK_SECONDS)


@lru_cache(maxsize=1)
def _read(path: Path, modified_ns: int) -> Staging:
    return Staging(**json.loads(path.read_text()))


def _path(target_path: Path) -> Path:
    return target_path / "staging.json"
