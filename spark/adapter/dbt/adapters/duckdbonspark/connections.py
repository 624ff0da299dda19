"""How Spark is started, and what of its settings the meaning of the models depends on."""

import fcntl
import logging
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, TextIO

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

# What Java says: errors alone.
SAID = Path(__file__).parents[4] / "log4j2.properties"

LOOPBACK = "127.0.0.1"
# For Spark inside this process; on a cluster its own settings hold.
LOCAL = {
    "spark.sql.shuffle.partitions": "8",
    "spark.driver.bindAddress": LOOPBACK,
    "spark.driver.host": LOOPBACK,
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
            "spark.hadoop.javax.jdo.option.ConnectionURL": (
                f"jdbc:derby:;databaseName={metastore};create=true"
            ),
            "spark.driver.extraJavaOptions": (
                f'"-Dderby.stream.error.file={self.state}/derby.log" '
                f'"-Dlog4j2.configurationFile={SAID}"'
            ),
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
    # Held until the process ends: Spark's list of tables is of one process.
    _lock: ClassVar[TextIO | None] = None
    _one_thread = threading.Lock()

    @classmethod
    def open(cls, connection: Connection) -> Connection:
        """Open a connection, or raise a sentence: Java is missing, or another has the tables."""
        with cls._one_thread:
            if cls._lock is None:
                cls._lock = cls._begin(connection.credentials)
        return super().open(connection)

    @staticmethod
    def _begin(credentials: DuckdbOnSparkCredentials) -> TextIO:
        if sentence := what_java_lacks():
            raise DbtRuntimeError(f"Store Uptime: {sentence}")
        state = Path(credentials.state)
        state.mkdir(parents=True, exist_ok=True)
        lock = (state / "lock").open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DbtRuntimeError(
                f"Store Uptime: another run on Spark has the tables of {state}; wait until it ends."
            ) from None
        if credentials.master.startswith("local"):
            os.environ.setdefault("SPARK_LOCAL_IP", LOOPBACK)
        # It repeats each error, with all of Java's calls.
        logging.getLogger("SQLQueryContextLogger").disabled = True
        return lock
