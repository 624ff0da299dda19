"""How Spark is started, and what of its settings the meaning of the models depends on."""

import logging
from dataclasses import dataclass
from pathlib import Path

from dbt.adapters.contracts.connection import Connection
from dbt.adapters.spark.connections import SparkConnectionManager, SparkCredentials
from dbt_common.exceptions import DbtRuntimeError

from spark.java import what_java_lacks

# As DuckDB means it: instants in UTC, errors in place of nulls, times of day, and no digits lost.
MEANING = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.timeType.enabled": "true",
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.sql.catalogImplementation": "hive",
}

# For Spark inside this process; on a cluster its own settings hold.
LOCAL = {
    "spark.sql.shuffle.partitions": "8",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
}


@dataclass
class DuckdbOnSparkCredentials(SparkCredentials):
    """Where Spark is and where its tables go; `state` is a folder of this machine."""

    method: str = "session"
    host: str = "none"
    master: str = "local[*]"
    warehouse: str = "warehouse/spark/tables"
    state: str = "warehouse/spark"
    lake: str = "warehouse/lake"
    polls: str = ""
    memory: str = "2g"

    def __post_init__(self) -> None:
        """Lay out Spark's settings: dbt-spark would switch ANSI off."""
        given = dict(self.server_side_parameters)
        super().__post_init__()
        self.state = str(Path(self.state).expanduser().absolute())
        self.lake = str(Path(self.lake).expanduser().absolute())
        if "://" not in self.warehouse:
            self.warehouse = str(Path(self.warehouse).expanduser().absolute())
        metastore = f"{self.state}/metastore"
        self.server_side_parameters = {
            "spark.master": self.master,
            "spark.app.name": "Store Uptime",
            "spark.driver.memory": self.memory,
            "spark.sql.warehouse.dir": self.warehouse,
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.log.level": "ERROR",
            "spark.hadoop.javax.jdo.option.ConnectionURL": (
                f"jdbc:derby:;databaseName={metastore};create=true"
            ),
            "spark.driver.extraJavaOptions": f"-Dderby.stream.error.file={self.state}/derby.log",
            **(LOCAL if self.master.startswith("local") else {}),
            **{key: str(value) for key, value in given.items()},
            **MEANING,
        }

    @property
    def type(self) -> str:
        return "duckdbonspark"

    def _connection_keys(self) -> tuple[str, ...]:
        return ("master", "warehouse", "state", "schema", "lake", "polls")


class DuckdbOnSparkConnectionManager(SparkConnectionManager):
    """Connections to a session of Spark, which this process starts and all threads share."""

    TYPE = "duckdbonspark"

    @classmethod
    def open(cls, connection: Connection) -> Connection:
        """Open a connection, or raise the sentence that says which Java is missing."""
        if sentence := what_java_lacks():
            raise DbtRuntimeError(f"Store Uptime: {sentence}")
        Path(connection.credentials.state).mkdir(parents=True, exist_ok=True)
        # It repeats each error, with all of Java's calls.
        logging.getLogger("SQLQueryContextLogger").disabled = True
        return super().open(connection)
