"""What dbt needs of Python: to wait for the DuckDB file, load the inputs, and lead to a release."""

import sys
import time
from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.plugins import BasePlugin
from duckdb.sqltypes import VARCHAR

from api.releases import Releases, publish_pointer
from loader.start import start_build

LOCKED = "Could not set lock on file"
_LOOK_SECONDS = 0.5

# DuckDB names the database after its file; these mean a schema to the models, or something to it.
_TAKEN_NAMES = (
    "main",
    "staging",
    "intermediate",
    "lake",
    "build",
    "rules",
    "release",
    "current",
    "temp",
    "system",
)


class Plugin(BasePlugin):
    """A plugin of dbt-duckdb; `wait_seconds` in its configuration says how long it waits at most.

    dbt-duckdb can wait itself, but starts anew with each of the dozen connections that dbt tries.
    """

    # Until when any connection of this process waits.
    _deadline: float | None = None

    def initialize(self, plugin_config: dict[str, Any]) -> None:
        """Take the configuration from the profile."""
        self._wait_seconds = float(plugin_config["wait_seconds"])

    def update_connection_config(self, creds: DuckDBCredentials, config: dict[str, Any]) -> None:
        """Return once this process has the file, and leave the connection's configuration as it is.

        What is left of releases that were never finished goes, so that there is room for another.

        Raises RuntimeError, which dbt shows as a failure to connect.
        """
        if Path(creds.path).stem.lower() in _TAKEN_NAMES:
            raise RuntimeError(
                f"Store Uptime: the DuckDB file {creds.path} needs another name than "
                f"{', '.join(_TAKEN_NAMES)}."
            )
        try:
            # DuckDB knows `~`, too.
            db = Path(creds.path).expanduser()
            self._db = db
            db.parent.mkdir(parents=True, exist_ok=True)
            while (opened := self._open(creds.path, config)) is None:
                time.sleep(_LOOK_SECONDS)
            Releases(db).remove_unfinished()
        except (OSError, duckdb.Error) as error:
            raise RuntimeError(f"Store Uptime: {error}") from error
        Plugin._deadline = None
        # Nobody else gets the file before dbt's own connection has it, too.
        self._opened = opened

    def configure_connection(self, conn: duckdb.DuckDBPyConnection) -> None:
        """Leave the file to dbt's connection, which gets functions of its own.

        They are start_build(vars), which takes the input files into the lake, and
        publish_pointer(pointer, said), which makes a release the newest: SQL can replace neither a
        file nor a link whole.
        """
        self._opened.close()
        db = self._db
        conn.create_function(
            "start_build",
            lambda vars_json: start_build(vars_json, db),
            [VARCHAR],
            VARCHAR,
            side_effects=True,
        )
        conn.create_function(
            "publish_pointer", publish_pointer, [VARCHAR, VARCHAR], VARCHAR, side_effects=True
        )

    def _open(self, path: str, config: dict[str, Any]) -> duckdb.DuckDBPyConnection | None:
        try:
            return duckdb.connect(path, config=config)
        except duckdb.IOException as error:
            if LOCKED not in str(error):
                raise
            now = time.monotonic()
            if Plugin._deadline is None:
                Plugin._deadline = now + self._wait_seconds
                if self._wait_seconds:
                    print(
                        f"Waiting up to {self._wait_seconds:g} s for {path}: {error}",
                        file=sys.stderr,
                        flush=True,
                    )
            if now >= Plugin._deadline:
                raise
            return None
