"""How a build begins: its vars are checked, and the lake is brought up to date."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from loader.errors import InputError
from loader.load import Load, load
from loader.policy import said_of_vars


def start_build(vars_json: str, db: Path) -> str:
    """Return what a build needs to know, as JSON; `error` alone if it cannot begin.

    `vars_json` are the vars that were given to dbt beside those of dbt_project.yml. The lake lies
    beside the DuckDB file `db`. Nothing is raised, as dbt would show that as an error of SQL.
    """
    try:
        return json.dumps(begin(json.loads(vars_json) or {}, lake_of(db))[1])
    except InputError as error:
        return json.dumps({"error": str(error)})
    except Exception as error:
        said = f"{type(error).__name__}: {error}".partition("\n")[0].rstrip(".")
        return json.dumps({"error": f"the inputs cannot be loaded: {said}."})


def data_folder() -> Path:
    """Return the folder with the inputs, as the environment names it."""
    return Path(os.environ.get("STORE_UPTIME_DATA") or "seeds").expanduser()


def lake_of(db: Path) -> Path:
    """Return the folder of the lake that belongs to a DuckDB file."""
    return db.expanduser().absolute().parent / "lake"


def memory_limit() -> str:
    """Return how much memory a load may take, beyond which it spills to disk."""
    return os.environ.get("STORE_UPTIME_MEMORY_LIMIT") or "5GB"


def begin(given: Mapping[str, Any], lake: Path) -> tuple[Load, dict[str, Any]]:
    """Load the inputs for a build with these vars; return the load, and what the build is told.

    Raises InputError if a var means nothing, or the inputs cannot be loaded.
    """
    of_vars = said_of_vars(given)
    done = load(
        data_folder(), lake, monday_is=of_vars["policy"]["monday_is"], memory_limit=memory_limit()
    )
    return done, {**_said_of_load(done, lake), **of_vars}


def _said_of_load(done: Load, lake: Path) -> dict[str, Any]:
    return {
        "lake": str(lake),
        "lake_id": done.lake_id,
        "load": done.load,
        "pruned_load": done.pruned_load,
        "changed": done.changed,
        "clock_us": done.clock_us,
        "files": done.files,
        "converted": done.converted,
        "notes": [note.note for note in done.notes],
    }
