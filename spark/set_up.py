"""Let dbt find the adapter: `python spark/set_up.py .venv-spark` names its folders there.

It is part of the project, and asks the project's own rules for translation and policy.
"""

import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]


def set_up(environment: Path) -> None:
    """Write the file by which Python looks into further folders."""
    [packages] = environment.glob("lib/python*/site-packages")
    folders = f"{PROJECT}\n{PROJECT / 'spark' / 'adapter'}\n"
    (packages / "store_uptime_spark.pth").write_text(folders)


if __name__ == "__main__":
    set_up(Path(sys.argv[1]).absolute())
