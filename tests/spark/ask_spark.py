"""Ask Spark queries that are given as JSON, and print what it answers; for Spark's own Python."""

import json
import os
import sys

from dbt.adapters.duckdbonspark.connections import LOCAL, MEANING
from pyspark.sql import SparkSession

if __name__ == "__main__":
    settings = (
        LOCAL
        | MEANING
        | {
            "spark.sql.catalogImplementation": "in-memory",
            "spark.ui.enabled": "false",
            "spark.log.level": "OFF",
        }
    )
    builder = SparkSession.builder.master("local[2]")
    for name, value in settings.items():
        builder = builder.config(name, value)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    session = builder.getOrCreate()
    said = [[list(row) for row in session.sql(query).collect()] for query in json.load(sys.stdin)]
    json.dump(said, answers, default=str)
