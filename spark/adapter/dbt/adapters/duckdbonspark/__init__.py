"""The adapter `duckdbonspark`: dbt-spark, to which models speak DuckDB's SQL."""

from dbt.adapters.base import AdapterPlugin
from dbt.adapters.duckdbonspark.connections import DuckdbOnSparkCredentials
from dbt.adapters.duckdbonspark.impl import DuckdbOnSparkAdapter
from dbt.include import duckdbonspark

Plugin = AdapterPlugin(
    adapter=DuckdbOnSparkAdapter,
    credentials=DuckdbOnSparkCredentials,
    include_path=duckdbonspark.PACKAGE_PATH,
    dependencies=["spark"],
)
