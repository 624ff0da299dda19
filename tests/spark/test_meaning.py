"""What the rules make of DuckDB's SQL means the same to Spark: both answer meaning.sql alike."""

import json
import os
import subprocess
from pathlib import Path

import duckdb

from spark.translation import translated
from tests.spark.both import ENVIRONMENT, PROJECT, QUICK_JAVA

QUERIES = [
    query
    for query in Path(__file__).with_name("meaning.sql").read_text(encoding="utf-8").split(";\n")
    if query.strip()
]


def test_both_answer_alike() -> None:
    assert len(QUERIES) > 20
    done = subprocess.run(
        [ENVIRONMENT / "bin" / "python", "-m", "tests.spark.ask_spark"],
        cwd=PROJECT,
        env=os.environ | QUICK_JAVA,
        input=json.dumps([translated(query) for query in QUERIES]),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-5_000:]
    answers = json.loads(done.stdout)
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        differing = {
            query: (expected, answer)
            for query, answer in zip(QUERIES, answers, strict=True)
            if (expected := _plain(connection.execute(query).fetchall())) != answer
        }
    assert differing == {}


def _plain(rows: list[tuple]) -> list[list]:
    """Return rows as they are after JSON; structs as lists of their values."""
    listed = [[list(v.values()) if isinstance(v, dict) else v for v in row] for row in rows]
    return json.loads(json.dumps(listed, default=str))
