"""On a master, two workers and a driver the build ends right, also if a worker fails on the way."""

import subprocess
from pathlib import Path

from spark.cluster import LOOPBACK, Cluster
from tests.spark.both import ENVIRONMENT, PROJECT, SPARK_DBT, Both

# By then a good part is built, and more than half is to come.
KILLED_AFTER = "OK created sql incremental model intermediate.int_polls"


def test_a_worker_fails_with_its_disk(tmp_path: Path) -> None:
    [home] = ENVIRONMENT.glob("lib/python*/site-packages/pyspark")
    with Cluster(home, tmp_path / "cluster", workers=2, cores=1, memory="1g") as cluster:
        both = Both(tmp_path, PROJECT / "seeds", master=cluster.url)
        both.load()
        driver = subprocess.Popen(
            [SPARK_DBT, "--no-use-colors", "build", "--target", "spark"],
            cwd=PROJECT,
            env=both.environment("spark") | {"SPARK_LOCAL_IP": LOOPBACK},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert driver.stdout
        said = []
        for line in driver.stdout:
            said.append(line)
            if KILLED_AFTER in line:
                lost = cluster.workers[1]
                # It had part of what comes next.
                assert any(lost.disk.rglob("*.data"))
                lost.kill()
        assert driver.wait() == 0, "".join(said)
        assert any(KILLED_AFTER in line for line in said)
    both.publish()
    both.build_by_duckdb()
    assert both.differing() == {}
