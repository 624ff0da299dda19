"""What a loss of power must not undo, and folders that cannot be used."""

import os
from pathlib import Path


def sync(path: Path) -> None:
    """Force the content of a file, or the names in a folder, to disk."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def folder_fault(path: Path, is_written: bool = False) -> str | None:
    """Return a sentence that says why a folder cannot be used, or None if it can."""
    if not path.is_dir():
        return f"There is no folder {path}{', only a file of that name' if path.exists() else ''}."
    if not os.access(path, os.X_OK | (os.W_OK if is_written else os.R_OK)):
        return f"The service may not {'write into' if is_written else 'read'} the folder {path}."
    return None
