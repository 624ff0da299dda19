"""Run `yardstick.sql` on a folder with inputs and write its report as Parquet.

Prints the seconds that the SQL took. The settings are those that dbt's profile has.

Run: `python -m benchmarks.yardstick <folder> <csv or parquet> <report.parquet>`
"""

import os
import sys
import time
from pathlib import Path

import duckdb

HERE = Path(__file__).parent
OFFSETS = HERE.parent / "seeds" / "timezone_offsets.csv"


def main(folder: Path, ending: str, report: Path) -> None:
    memory_limit = os.environ.get("STORE_UPTIME_MEMORY_LIMIT", "5GB")
    config = {"threads": 2, "memory_limit": memory_limit, "temp_directory": f"{report}.tmp"}
    with duckdb.connect(config=config) as connection:
        # All that is told apart from numbers is told: an id is text.
        reader = "read_csv('{}', types = {{'store_id': 'VARCHAR'}})"
        if ending == "parquet":
            reader = "read_parquet('{}')"
        for name in ("store_status", "business_hours", "timezones"):
            files = reader.format(folder / f"{name}*.{ending}")
            connection.execute(f"create view {name} as from {files}")
        connection.execute(f"create view timezone_offsets as from read_csv('{OFFSETS}')")
        began = time.perf_counter()
        connection.execute((HERE / "yardstick.sql").read_text())
        print(time.perf_counter() - began)
        connection.execute(f"copy store_report to '{report}'")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
