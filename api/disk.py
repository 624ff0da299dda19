"""Folders and files of SQLite: kept through a loss of power, and what is said if they fail."""

import errno
import os
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal
from uuid import uuid4

import duckdb

from loader.manifest import replace

NO_SPACE = "No space left on device"
FULL = "There is no room left on the disk."
# What DuckDB says that reads a file with another content than it wrote.
_COLUMNS = re.compile(r", whose columns are: .*", re.DOTALL)
_FOLDERS = re.compile(r"(?<![\w.:/-])/(?:[^/\s'\"]+/)+")


@contextmanager
def written(path: Path) -> Iterator[Path]:
    """Give out a name to write under; the file gets its own once it is whole, and on disk."""
    unfinished = path.with_name(f".{path.name}.{uuid4().hex}.tmp")
    try:
        yield unfinished
        replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def folder_fault(
    path: Path, setting: Literal["data", "output"], is_written: bool = False
) -> str | None:
    """Return a sentence that says why the folder of a setting cannot be used, None if it can."""
    name = f"STORE_UPTIME_{setting.upper()}"
    if not path.is_dir():
        said = ", only a file of that name" if path.exists() else ""
        return f"There is no folder where {name} says{said}."
    if not os.access(path, os.X_OK | (os.W_OK if is_written else os.R_OK)):
        return f"The service may not {'write into' if is_written else 'read'} the folder of {name}."
    return None


def is_full(error: BaseException) -> bool:
    """Say whether an error tells of a disk that is full."""
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    if isinstance(error, OSError):
        return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return isinstance(error, duckdb.Error) and NO_SPACE in str(error)


def for_clients(text: str, *folders: Path) -> str:
    """Return what was said on this machine without its folders and without columns of files.

    What is no input may have been read for one, by its name. Of the folders given a name stays.
    """
    for folder in folders:
        text = text.replace(f"{folder}/", "").replace(str(folder), folder.name)
    return _FOLDERS.sub("", _COLUMNS.sub(".", text))


def without_folders(value: str, data: Path) -> str:
    """Return SQL for a text of a release, as `for_clients` would have it."""
    folder = f"{data}/".replace("'", "''")
    below = f"replace({value}, '{folder}', '')"
    return rf"regexp_replace({below}, '(^|[\s(])/(?:[^/\s]+/)+', '\1', 'g')"


def connect(path: Path) -> sqlite3.Connection:
    """Open a file of SQLite for several processes and threads.

    Each statement is its own transaction, which is on disk when it returns.
    """
    try:
        connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, timeout=30
        )
        connection.execute("pragma journal_mode = wal")
        connection.execute("pragma synchronous = full")
        return connection
    except sqlite3.Error as error:
        raise sqlite3.DatabaseError(
            f"the record {path.name} cannot be used: {error}. Put a copy of it in its place, or "
            "move it away, with its -wal and -shm, to begin a new one."
        ) from error


class Record:
    """A file of SQLite as it was when it was opened, to see whether it can be used still."""

    def __init__(self, path: Path, *tables: str) -> None:
        self.path = path
        # It is looked at for each request, and is a text to the system.
        self._name = str(path)
        self._tables = tables
        self._inode = path.stat().st_ino

    def check(self) -> None:
        """Raise sqlite3.OperationalError if it was removed, with which SQLite would go on."""
        try:
            if os.stat(self._name).st_ino == self._inode:
                return
        except OSError:
            pass
        raise sqlite3.OperationalError(f"{self.path.name} was removed; start the service again")

    def fault(self) -> str | None:
        """Return a sentence that says why it cannot be used, None if it can."""
        name = self.path.name
        try:
            self.check()
            with closing(sqlite3.connect(f"file:{self.path}?mode=rw", uri=True)) as connection:
                # Whoever writes it just now can.
                connection.execute("pragma busy_timeout = 1000")
                for table in self._tables:
                    connection.execute(f"select count(*) from {table}").fetchone()
                connection.execute("begin immediate")
                connection.execute("rollback")
        except sqlite3.Error as error:
            if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_BUSY:
                return None
            return f"The record {name} cannot be used: {error}."
        return None
