"""The inputs as the dbt project knows them: their files, their columns, how a value is read."""

import threading
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2

from api.settings import PROJECT

_LOCK = threading.Lock()


def input_columns(project: Path = PROJECT) -> dict[str, dict[str, Any]]:
    """Return what the macro of this name says, by the name of the input."""
    return _call("input_columns", project / "macros" / "input_columns.sql")[1]


def expression(macro: str, column: str) -> str:
    """Return the SQL that a macro makes of a column."""
    return _call(macro, PROJECT / "macros" / f"{macro}.sql", column)[0]


def _call(name: str, path: Path, *args: object) -> tuple[str, Any]:
    """Return the text of a macro that needs neither dbt nor a database, and what it returns."""
    module, returned = _compiled(path.read_text(encoding="utf-8"))
    with _LOCK:
        text = getattr(module, name)(*args)
        return text, returned.pop() if returned else None


@lru_cache(maxsize=10)
def _compiled(text: str) -> tuple[Any, list[Any]]:
    returned: list[Any] = []
    environment = jinja2.Environment(extensions=["jinja2.ext.do"], autoescape=False)
    return environment.from_string(text, globals={"return": returned.append}).module, returned
