"""SQLite files that the service and its commands share."""

import sqlite3
from pathlib import Path
from typing import Literal


def connect(path: Path, synchronous: Literal["full", "normal"]) -> sqlite3.Connection:
    """Open a file for several processes and threads; each statement is its own transaction.

    With `full` it is on disk when it returns, with `normal` a power cut may lose the last ones.
    """
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    connection.execute("pragma journal_mode = wal")
    connection.execute(f"pragma synchronous = {synchronous}")
    return connection
