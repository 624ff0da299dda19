"""The inputs as the dbt project knows them: their files, their columns, how a value is read."""

import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import jinja2

from api.settings import PROJECT

_LOCK = threading.Lock()


def input_columns(project: Path = PROJECT) -> dict[str, dict[str, Any]]:
    """Return what the macro of this name says, by the name of the input."""
    return _call("input_columns", [project / "macros" / "input_columns.sql"])[1]


def expression(macro: str, column: str) -> str:
    """Return the SQL that a macro makes of a column."""
    files = [PROJECT / "macros" / f"{name}.sql" for name in ("trimmed", macro)]
    return _call(macro, files, column)[0]


def _call(name: str, files: Sequence[Path], *args: object) -> tuple[str, Any]:
    """Return the text of a macro that needs no more than these files, and what it returns."""
    module, returned = _compiled("".join(file.read_text(encoding="utf-8") for file in files))
    with _LOCK:
        text = getattr(module, name)(*args)
        return text, returned.pop() if returned else None


@lru_cache(maxsize=10)
def _compiled(text: str) -> tuple[Any, list[Any]]:
    returned: list[Any] = []
    environment = jinja2.Environment(extensions=["jinja2.ext.do"], autoescape=False)
    return environment.from_string(text, globals={"return": returned.append}).module, returned
