"""What the macros of this adapter ask of Python."""

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from dbt.adapters.base.meta import available
from dbt.adapters.base.relation import BaseRelation
from dbt.adapters.duckdbonspark.connections import DuckdbOnSparkConnectionManager
from dbt.adapters.spark import SparkAdapter
from dbt_common.exceptions import DbtRuntimeError
from pyspark.sql import SparkSession

from loader.errors import InputError
from loader.policy import said_of_vars
from spark.translation import UntranslatableError, translated, translated_type

# What `python -m api publish` reads.
RELEASE = "release.json"


class DuckdbOnSparkAdapter(SparkAdapter):
    """dbt-spark, which translates what models and tests say."""

    ConnectionManager = DuckdbOnSparkConnectionManager

    def quote(self, identifier: str) -> str:
        """Quote a name as models do, which are written for DuckDB."""
        return f'"{identifier}"'

    @available
    def translated(self, sql: str, may_hash: bool = False) -> str:
        """Return a query of DuckDB's as Spark's, see `spark/translation.py`."""
        try:
            return translated(sql, may_hash=may_hash)
        except UntranslatableError as error:
            raise DbtRuntimeError(
                f"Store Uptime: this cannot be said on Spark so that it means the same: {error}."
            ) from error

    @available
    def check_contract(self, sql: str, columns: dict[str, Any]) -> None:
        """Raise an error unless a query of Spark's has the columns of a contract, in order."""
        expected = [
            (column["name"].lower(), translated_type(column["data_type"]).lower().replace(" ", ""))
            for column in columns.values()
        ]
        found = [
            (field.name.lower(), field.dataType.simpleString())
            for field in _session().sql(sql).schema
        ]
        if found != expected:
            raise DbtRuntimeError(
                f"Store Uptime: the contract asks for {expected}, and the model has {found}."
            )

    @available
    def remove_remains(self, relation: BaseRelation) -> None:
        """Remove files where a table is to lie: of a build that was killed, or of another state."""
        session = _session()
        path = session._jvm.org.apache.hadoop.fs.Path(
            self._location(relation.schema, relation.identifier)
        )
        path.getFileSystem(session._jsc.hadoopConfiguration()).delete(path, True)

    @available
    def make_seed(self, relation: BaseRelation, table: Any, types: dict[str, str]) -> None:
        """Make a table of a seed: its rows go from here to the cluster."""
        kinds = {
            name: translated_type(types.get(name) or self.convert_type(table, place) or "string")
            for place, name in enumerate(table.column_names)
        }
        rows = [
            tuple(
                None if value is None else int(value) if "INT" in kind else str(value)
                for value, kind in zip(row, kinds.values(), strict=True)
            )
            for row in table.rows
        ]
        schema = ", ".join(f"`{name}` {kind}" for name, kind in kinds.items())
        frame = _session().createDataFrame(rows, schema).coalesce(1)
        frame.write.mode("overwrite").format("parquet").saveAsTable(relation.render())

    @available
    def said_of_inputs(self, vars_json: str) -> dict[str, Any]:
        """Return what `python -m loader load` said, with what the vars of this run make of it."""
        said = Path(self.config.credentials.lake, "last_load.json")
        try:
            loaded = json.loads(said.read_text(encoding="utf-8"))
            of_vars = said_of_vars(json.loads(vars_json) or {})
        except FileNotFoundError:
            return {
                "error": f"there is no lake in {said.parent}; `python -m loader load` makes it."
            }
        except InputError as error:
            return {"error": str(error)}
        return {**loaded, **of_vars}

    @available
    def file_relation(self, *parts: str) -> str:
        """Return Parquet, a file or a folder, as what stands after `from`."""
        path = "/".join(parts)
        if "://" not in path:
            path = f"file://{Path(path).absolute()}"
        return f"parquet.`{path.replace('`', '``')}`"

    @available
    def keep_text(self, relation: BaseRelation, sql: str) -> None:
        """Keep what a view is in DuckDB's SQL, for a release."""
        path = self._text(relation.schema, relation.identifier)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(sql, encoding="utf-8")

    @available
    def begin_run(self, loaded: dict[str, Any]) -> None:
        """Note what this run makes tables of: a load, a policy, vars and macros."""
        self._loaded = loaded
        made_of = [
            self.config.credentials.polls,
            *(loaded[part] for part in ("lake_id", "load", "policy", "vars")),
        ]
        said = hashlib.md5(json.dumps(made_of, sort_keys=True).encode())
        for path in sorted(Path(self.config.project_root, "macros").rglob("*.sql")):
            said.update(path.read_bytes())
        self._made_of = said.hexdigest()

    @available
    def forget_release(self) -> None:
        """Leave nothing to publish while tables change."""
        Path(self.config.credentials.state, RELEASE).unlink(missing_ok=True)

    @available
    def forget_made(self, node: dict[str, Any]) -> None:
        """Note that a table is not what its model says, before it is touched."""
        self._note("made", node["name"]).unlink(missing_ok=True)

    @available
    def note_made(self, node: dict[str, Any]) -> None:
        """Note of what a table was made."""
        self._note("made", node["name"]).write_text(self._text_of(node), encoding="utf-8")

    @available
    def note_test(self, name: str, status: str) -> None:
        """Note a test that fails, until it passes."""
        if status in ("fail", "error"):
            self._note("failed", name).touch()
        elif status in ("pass", "warn"):
            self._note("failed", name).unlink(missing_ok=True)

    @available
    def not_current(self, nodes: list[dict[str, Any]]) -> list[str]:
        """Return which tables are made of something else than this run's, or before a parent.

        And which tests have failed since they passed.
        """
        tables = [
            node
            for node in nodes
            if node["resource_type"] in ("model", "seed")
            and node["config"]["materialized"] != "ephemeral"
        ]
        made_at: dict[str, int] = {}
        for node in tables:
            note = self._note("made", node["name"])
            if note.exists() and note.read_text(encoding="utf-8") == self._text_of(node):
                made_at[node["unique_id"]] = note.stat().st_mtime_ns
        waiting = [
            node["name"]
            for node in tables
            if (at := made_at.get(node["unique_id"])) is None
            or any(made_at.get(parent, at) > at for parent in node["depends_on"].get("nodes", []))
        ]
        tests = [node["name"] for node in nodes if node["resource_type"] == "test"]
        failed = [name for name in tests if self._note("failed", name).exists()]
        return sorted(waiting) + sorted(failed)

    def _text_of(self, node: dict[str, Any]) -> str:
        return f"{self._made_of} {node['checksum']['checksum']}"

    def _note(self, kind: str, name: str) -> Path:
        folder = Path(self.config.credentials.state, kind)
        folder.mkdir(parents=True, exist_ok=True)
        return folder / name

    @available
    def write_release(
        self, tables: list[Any], views: list[Any], functions: str, names: dict[str, str]
    ) -> str:
        """Write down what a release is made of, for `python -m api publish`; return its path."""
        [(as_of_us,)] = _session().sql("select as_of_us from intermediate.int_horizon").collect()
        as_of = datetime.fromtimestamp(as_of_us // 1_000_000, UTC)
        said = {
            "pointer": {
                **names,
                **{
                    part: self._loaded[part]
                    for part in ("vars", "policy", "lake_id", "load", "is_experiment")
                },
                "as_of": f"{as_of:%Y-%m-%dT%H:%M:%S}.{as_of_us % 1_000_000:06}Z",
            },
            "tables": [
                {
                    "schema": node["schema"],
                    "name": node["alias"],
                    "path": self._location(node["schema"], node["alias"]),
                    "types": {
                        column["name"]: column["data_type"]
                        for column in node["columns"].values()
                        if column["data_type"]
                    },
                }
                for node in tables
            ],
            "views": [
                {
                    "schema": node["schema"],
                    "name": node["alias"],
                    "sql": self._text(node["schema"], node["alias"]).read_text(encoding="utf-8"),
                }
                for node in views
            ],
            "functions": functions,
        }
        path = Path(self.config.credentials.state, RELEASE)
        path.write_text(json.dumps(said, indent=1), encoding="utf-8")
        return str(path)

    def _location(self, schema: str, name: str) -> str:
        """Return where Spark puts a table that is not told where to go."""
        return f"{self.config.credentials.warehouse}/{schema.lower()}.db/{name.lower()}"

    def _text(self, schema: str, name: str) -> Path:
        return Path(self.config.credentials.state, "texts", f"{schema}.{name}.sql")


def _session() -> SparkSession:
    # The one that this process has: it is active in the thread that began it alone.
    return SparkSession.builder.getOrCreate()
