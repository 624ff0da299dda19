"""The inputs as the dbt project knows them: their files, their columns, how a header is read."""

import threading
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2

from api.settings import PROJECT

_LOCK = threading.Lock()


def input_columns(project: Path = PROJECT) -> dict[str, dict[str, Any]]:
    """Return what the macro of this name says, by the name of the input."""
    return call_macro("input_columns", project=project)


def csv_delimiter(line: str) -> str:
    """Return what separates the columns of a CSV file with this header."""
    return call_macro("csv_delimiter", line, file="csv_scans")


def call_macro(name: str, *args: object, file: str | None = None, project: Path = PROJECT) -> Any:
    """Return what a macro returns that needs no database; it stands in a file named alike."""
    path = project / "macros" / f"{file or name}.sql"
    module, returned = _compiled(path.read_text(encoding="utf-8"))
    with _LOCK:
        getattr(module, name)(*args)
        return returned.pop()


@lru_cache(maxsize=10)
def _compiled(text: str) -> tuple[Any, list[Any]]:
    returned: list[Any] = []
    environment = jinja2.Environment(extensions=["jinja2.ext.do"], autoescape=False)
    return environment.from_string(text, globals={"return": returned.append}).module, returned
