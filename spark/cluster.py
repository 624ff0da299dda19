"""A cluster on this machine, to try things on: Spark's own master and workers as processes.

Run: `.venv-spark/bin/python -m spark.cluster --workers 2`, until it is interrupted. All listen on
127.0.0.1 only. What a real cluster needs besides is a folder that all of its machines see.
"""

import argparse
import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
import threading
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

LOOPBACK = "127.0.0.1"
_STARTED = re.compile(r"Starting Spark master at (spark://\S+)")
_REGISTERED = "Successfully registered with master"


class Node:
    """A process of the cluster, with those that it starts, and a folder as its disk."""

    def __init__(self, home: Path, folder: Path, *command: str) -> None:
        self.folder = folder
        self.disk = folder / "local"
        self.disk.mkdir(parents=True)
        environment = {
            **os.environ,
            "SPARK_HOME": str(home),
            "SPARK_LOCAL_IP": LOOPBACK,
            "SPARK_LOCAL_DIRS": str(self.disk),
        }
        self._process = subprocess.Popen(
            [str(home / "bin" / "spark-class"), *command],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def said(self, pattern: str | re.Pattern[str]) -> re.Match[str]:
        """Wait until a line of the process has this, and go on reading what it says."""
        assert self._process.stdout
        lines = []
        for line in self._process.stdout:
            lines.append(line)
            if found := re.search(pattern, line):
                threading.Thread(target=self._process.stdout.read, daemon=True).start()
                return found
        raise RuntimeError("".join(lines[-20:]))

    def kill(self) -> None:
        """End it and what it has started at once, as when a machine fails; its disk goes, too."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Cluster:
    """A master and some workers, from entering the context to leaving it."""

    def __init__(self, home: Path, folder: Path, workers: int, cores: int, memory: str) -> None:
        self._home, self._folder = home, folder
        self._size = workers
        self._resources = ["--cores", str(cores), "--memory", memory]
        self.workers: list[Node] = []
        self._nodes: list[Node] = []

    def __enter__(self) -> Self:
        where = ["--host", LOOPBACK, "--port", "0", "--webui-port", "0"]
        kind = "org.apache.spark.deploy"
        try:
            master = self._start("master", f"{kind}.master.Master", *where)
            self.url = master.said(_STARTED)[1]
            for number in range(1, self._size + 1):
                name = f"worker-{number}"
                work = ["--work-dir", str(self._folder / name / "work")]
                worker = self._start(
                    name, f"{kind}.worker.Worker", *where, *self._resources, *work, self.url
                )
                self.workers.append(worker)
            for worker in self.workers:
                worker.said(_REGISTERED)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._end()

    def _start(self, name: str, *command: str) -> Node:
        node = Node(self._home, self._folder / name, *command)
        self._nodes.append(node)
        return node

    def _end(self) -> None:
        for node in self._nodes[::-1]:
            node.kill()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m spark.cluster", description=__doc__)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--cores", type=int, default=1, help="of each worker")
    parser.add_argument("--memory", default="2g", help="of each worker")
    given = parser.parse_args()
    found = find_spec("pyspark")
    if found is None or found.origin is None:
        raise SystemExit("pyspark is not here; `make spark` sets up .venv-spark, which has it.")
    home = Path(found.origin).parent
    with (
        tempfile.TemporaryDirectory(prefix="spark-cluster-") as folder,
        Cluster(home, Path(folder), given.workers, given.cores, given.memory) as cluster,
    ):
        print(
            f"STORE_UPTIME_SPARK_MASTER={cluster.url} SPARK_LOCAL_IP={LOOPBACK} make spark",
            flush=True,
        )
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()


if __name__ == "__main__":
    main()
