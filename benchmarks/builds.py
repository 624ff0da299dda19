"""Run dbt and the yardstick, each in a process of its own, and say what they took."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import duckdb

PROJECT = Path(__file__).parents[1]
# What a chain asks first, with all that it takes; the other tables answer what is asked next.
REPORT = ("+stores", "+store_report", "+store_timeline", "+rejected_rows")


@dataclass(frozen=True)
class Cost:
    """What a process took; `sql_seconds` is the time in which any statement was running."""

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int
    sql_seconds: float = 0.0
    # Of dbt's nodes, those of the two threads side by side.
    node_seconds: dict[str, float] = field(default_factory=dict)


class Scratch:
    """A folder for the warehouse and all else that a build writes."""

    def __init__(
        self, folder: Path, data: Path, memory_limit: str, project: Path = PROJECT
    ) -> None:
        """Keep what is built from the inputs in `data` in `folder`, by the project or another."""
        self.folder = folder
        self.data = data
        self._project = project
        # The environment may be a link, or be called otherwise.
        self._dbt = (
            Path(sys.executable).with_name("dbt")
            if project == PROJECT
            else project / ".venv/bin/dbt"
        )
        self.warehouse = folder / "warehouse" / "store_uptime.duckdb"
        self.warehouse.parent.mkdir(parents=True)
        self.environment = os.environ | {
            "STORE_UPTIME_DATA": str(data),
            "STORE_UPTIME_DB": str(self.warehouse),
            "STORE_UPTIME_OUTPUT": str(folder / "output"),
            "STORE_UPTIME_MEMORY_LIMIT": memory_limit,
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
        }

    def parse(self) -> Cost:
        """Have dbt parse the project, as it does once after a change of the project."""
        cost, _ = self._run([self._dbt, "--quiet", "parse"])
        return cost

    def build(self, select: Sequence[str] = ()) -> Cost:
        """Run `dbt build`: full where there is no warehouse yet, else the refresh."""
        log = self.folder / "logs" / "dbt.log"
        log.unlink(missing_ok=True)
        command = [self._dbt, "--quiet", "--log-format-file", "json", "--log-level-file", "debug"]
        command += ["build", "--exclude-resource-type", "unit_test"]
        command += ["--select", *select] if select else []
        cost, _ = self._run(command)
        results = json.loads((self.folder / "target" / "run_results.json").read_text())["results"]
        nodes = {result["unique_id"].split(".")[2]: result["execution_time"] for result in results}
        return replace(cost, sql_seconds=_covered(_statements(log)), node_seconds=nodes)

    def yardstick(self, ending: str) -> Cost:
        command = [sys.executable, "-m", "benchmarks.yardstick", self.data, ending, self._expected]
        cost, printed = self._run(command)
        return replace(cost, sql_seconds=float(printed))

    def check_figures(self) -> None:
        """Stop unless the models and the yardstick agree to the microsecond."""
        with duckdb.connect() as connection:
            connection.execute(f"attach '{self.warehouse}' as store_uptime (read_only)")
            connection.execute(f"create view yardstick as from '{self._expected}'")
            columns = connection.execute("describe yardstick").fetchall()
            figures = ", ".join(_in_us(name) for name, *_ in columns)
            theirs = f"select {figures} from yardstick"
            ours = f"select {figures} from store_uptime.main.store_report"
            differing = connection.execute(
                f"(({ours}) except ({theirs})) union all (({theirs}) except ({ours})) order by 1"
            ).fetchall()
            stores = connection.execute(f"select count(*) from ({ours})").fetchone()
        if differing or not stores or not stores[0]:
            sys.exit(f"The figures of {len(differing)} of {stores} rows differ: {differing[:4]}")

    @property
    def _expected(self) -> Path:
        return self.folder / "yardstick.parquet"

    def _run(self, command: Sequence[str | Path]) -> tuple[Cost, str]:
        """Return what the process took, and what it printed."""
        began = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=self._project, env=self.environment, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        with process.stdout:
            printed = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            sys.exit(f"{' '.join(map(str, command))} failed:\n{printed}")
        cost = Cost(
            wall_seconds=time.perf_counter() - began,
            cpu_seconds=usage.ru_utime + usage.ru_stime,
            peak_bytes=usage.ru_maxrss * 1024,
        )
        return cost, printed


def _statements(log: Path) -> Iterator[tuple[float, float]]:
    """When each statement began and ended, from dbt's log."""
    with log.open() as lines:
        for line in lines:
            event = json.loads(line)
            if event["info"]["name"] == "SQLQueryStatus":
                ended = datetime.fromisoformat(event["info"]["ts"]).timestamp()
                yield ended - event["data"]["elapsed"], ended


def _covered(spans: Iterator[tuple[float, float]]) -> float:
    """How long at least one of the spans lasts: dbt has two threads."""
    seconds, reached = 0.0, 0.0
    for began, ended in sorted(spans):
        seconds += max(ended - max(began, reached), 0)
        reached = max(reached, ended)
    return seconds


def _in_us(column: str) -> str:
    if column.endswith("_minutes"):
        return f"cast(round({column} * 6e7) as bigint)"
    if column.endswith("_hours"):
        return f"cast(round({column} * 36e8) as bigint)"
    return column
