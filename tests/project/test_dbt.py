"""What dbt says of the project."""

import os
import subprocess
import sys
from pathlib import Path

from api.settings import PROJECT


def test_dbt_parses_the_project_without_a_warning(tmp_path: Path) -> None:
    dbt = Path(sys.executable).with_name("dbt")
    parsing = subprocess.run(
        [dbt, "--no-use-colors", "--warn-error", "parse", "--no-partial-parse"],
        cwd=PROJECT,
        env=os.environ
        | {
            "STORE_UPTIME_DB": str(tmp_path / "store_uptime.duckdb"),
            "DBT_TARGET_PATH": str(tmp_path / "target"),
            "DBT_LOG_PATH": str(tmp_path / "logs"),
        },
        capture_output=True,
        text=True,
    )
    assert parsing.returncode == 0, parsing.stdout
