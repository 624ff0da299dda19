"""DuckDB and Spark, building from one lake, and what each makes of it."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

import duckdb

PROJECT = Path(__file__).parents[2]
DBT = Path(sys.executable).with_name("dbt")
ENVIRONMENT = PROJECT / ".venv-spark"
SPARK_DBT = ENVIRONMENT / "bin" / "dbt"
# What runs for seconds is not worth the second compiler of Java, without which the room for code
# would be too small.
QUICK_JAVA = {"JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m"}

Rows = list[tuple]


class Both:
    """A warehouse of each engine, and one folder with the inputs of both."""

    def __init__(self, folder: Path, data: Path, master: str = "local[2]") -> None:
        self.folder, self._data, self._master = folder, data, master

    def build(self, *arguments: str, **variables: Any) -> None:
        """Build with each; arguments and vars go to dbt."""
        self.load()
        self.build_by_duckdb(*arguments, **variables)
        self.build_on_spark(*arguments, **variables)

    def load(self) -> None:
        """Make one lake for both, so that a file is seen at the same time."""
        self.run(sys.executable, "-m", "loader", "load", engine="spark")
        lake = self.folder / "duckdb" / "lake"
        shutil.rmtree(lake, ignore_errors=True)
        shutil.copytree(self.folder / "spark" / "lake", lake)

    def build_by_duckdb(self, *arguments: str, **variables: Any) -> None:
        given = [*_given(variables), "--exclude-resource-type", "unit_test", *arguments]
        self.run(DBT, "build", *given, engine="duckdb")

    def build_on_spark(self, *arguments: str, **variables: Any) -> None:
        self.run_on_spark("build", *_given(variables), "--target", "spark", *arguments)
        self.publish()

    def run_on_spark(self, *arguments: str) -> str:
        """Run a command of dbt; return what it prints."""
        return self.run(SPARK_DBT, *arguments, engine="spark")

    def publish(self) -> None:
        self.run(sys.executable, "-m", "api", "publish", engine="spark")

    def environment(self, engine: str) -> dict[str, str]:
        """Return the settings of an engine, and those of the shell."""
        folder = self.folder / engine
        return (
            os.environ
            | QUICK_JAVA
            | {
                "STORE_UPTIME_DATA": str(self._data),
                "STORE_UPTIME_DB": str(folder / "store_uptime.duckdb"),
                "STORE_UPTIME_OUTPUT": str(folder / "output"),
                "STORE_UPTIME_SPARK_MASTER": self._master,
                "DBT_TARGET_PATH": str(folder / "target"),
                "DBT_LOG_PATH": str(folder / "logs"),
            }
        )

    def run(self, *command: str | Path, engine: str) -> str:
        """Run a command with the settings of an engine; return what it prints."""
        done = subprocess.run(
            command,
            cwd=PROJECT,
            env=self.environment(engine),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert done.returncode == 0, done.stdout[-20_000:]
        return done.stdout

    def release(self, engine: str) -> Path:
        """Return the newest release that an engine's build has led to, experiments among them."""
        releases = (self.folder / engine / "releases").glob("*.duckdb")
        return max(releases, key=lambda path: path.stat().st_mtime_ns)

    def asked(self, engine: str, query: str) -> Rows:
        """Return what a release answers, in the order of the rows' values."""
        with duckdb.connect() as connection:
            connection.execute(f"attach '{self.release(engine)}' as release (read_only)")
            connection.execute("use release; set timezone = 'UTC'")
            return connection.execute(f"from ({query}) order by all").fetchall()

    def differing(self) -> dict[str, list[tuple]]:
        """Return of each table and view that differs in what, and the first rows of either.

        Of marts the Parquet that Spark has left is compared, too, also where readers get a view.
        """
        catalog = """
            select table_schema, table_name from information_schema.tables
            where table_catalog = current_catalog()
        """
        names = self.asked("duckdb", catalog)
        assert ("main", "store_report") in names
        assert self.asked("spark", catalog) == names
        found = {}
        for schema, name in names:
            table = f'{schema}."{name}"'
            sides = [self._told(engine, table) for engine in ("duckdb", "spark")]
            parquet = self.folder / "spark" / "spark" / "tables" / f"{schema}.db" / name
            if schema == "main" and not name.startswith("store_report_"):
                sides.append(self._told("spark", f"read_parquet('{parquet}/*.parquet')"))
            for number, side in enumerate(sides[1:]):
                what = f"{table} {('in the release', 'as Parquet')[number]}"
                if side[0] != sides[0][0]:
                    found[f"columns of {what}"] = [*sides[0][0], *side[0]]
                elif side[1] != sides[0][1]:
                    ours, theirs = set(map(str, sides[0][1])), set(map(str, side[1]))
                    found[f"rows of {what}"] = [
                        (len(ours), len(theirs)),
                        *sorted(ours - theirs)[:3],
                        *sorted(theirs - ours)[:3],
                    ]
        return found

    def _told(self, engine: str, table: str) -> tuple[Rows, Rows]:
        columns = self.asked(
            engine, f"select column_name, column_type from (describe from {table})"
        )
        if table.startswith("intermediate"):
            # An enum saves room; readers get text from marts.
            columns = [(name, "VARCHAR" if "ENUM" in kind else kind) for name, kind in columns]
        return columns, self.asked(engine, f"from {table}")


class InOneProcess(Both):
    """Both, of which Spark builds in one process, as to start it takes long.

    Its tables are made anew over those of the inputs before.
    """

    def __enter__(self) -> Self:
        """Start the process; what it prints is in a file."""
        self._said = self.folder / "said.txt"
        with self._said.open("w") as said:
            self._process = subprocess.Popen(
                [ENVIRONMENT / "bin" / "python", "-m", "tests.spark.builds"],
                cwd=PROJECT,
                env=self.environment("spark"),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
            )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def begin(self) -> Path:
        """Forget what was built of other inputs; return the folder for those to come."""
        for name in ("data", "duckdb", "spark/lake"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        self._data = self.folder / "data"
        return self._data

    def run_on_spark(self, *arguments: str) -> str:
        assert self._process.stdin
        assert self._process.stdout
        before = self._said.stat().st_size
        print(json.dumps(arguments), file=self._process.stdin, flush=True)
        is_done = self._process.stdout.readline() == "true\n"
        said = self._said.read_bytes()[before:].decode()
        assert is_done, said[-20_000:]
        return said


def _given(variables: dict[str, Any]) -> list[str]:
    return ["--vars", json.dumps(variables)] if variables else []
