"""The adapter for Spark asks the project for nothing that its own environment lacks."""

import ast
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

PROJECT = Path(__file__).parents[2]
ADAPTER = PROJECT / "spark" / "adapter" / "dbt" / "adapters" / "duckdbonspark"


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_what_the_adapter_imports_needs_no_other_package() -> None:
    lock = (PROJECT / "spark" / "requirements.lock").read_text()
    locked = {normalized(name) for name in re.findall(r"^([\w.-]+)==", lock, re.MULTILINE)}
    lacking = [
        module
        for module, packages in packages_distributions().items()
        if not locked & {normalized(package) for package in packages}
    ]
    assert "duckdb" in lacking
    imported = sorted(
        node.module
        for file in ADAPTER.glob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ImportFrom) and node.module
        if node.module.partition(".")[0] in ("api", "loader", "spark")
    )
    assert "spark.translation" in imported
    code = f"import sys; sys.modules.update(dict.fromkeys({lacking})); import {', '.join(imported)}"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
