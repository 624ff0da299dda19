"""Before dbt opens the DuckDB file, its folder is made and whoever has it open is waited for."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from dbt.adapters.duckdb.credentials import DuckDBCredentials

from api import dbt_plugin
from api.dbt_plugin import Plugin
from tests.api.fakes import point_to

HOLD = "import duckdb, sys; file = duckdb.connect(sys.argv[1]); print(); sys.stdin.read()"

CONFIG = {"threads": 2}


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "new" / "store_uptime.duckdb"


@pytest.fixture
def holder(db: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Have a process keep the file open until its input ends."""
    db.parent.mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, db], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"\n"
        yield process


@pytest.fixture
def connect(db: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Open the file as dbt-duckdb does, and try for another process in between."""
    monkeypatch.setattr(Plugin, "_deadline", None)
    credentials = DuckDBCredentials(path=str(db))

    def update(wait_seconds: float) -> None:
        plugin = Plugin("dbt_plugin", {"wait_seconds": wait_seconds}, credentials)
        plugin.update_connection_config(credentials, CONFIG)
        with pytest.raises(subprocess.CalledProcessError):
            subprocess.run([sys.executable, "-c", HOLD, db], stdin=subprocess.DEVNULL, check=True)
        with duckdb.connect(db, config=CONFIG) as connection:
            plugin.configure_connection(connection)
            connection.execute("create table polls as select 1")

    return update


def test_makes_the_folder(db: Path, connect: Callable[[float], None]):
    connect(0)
    assert db.is_file()


def test_waits_until_the_file_is_free(
    holder: subprocess.Popen[bytes],
    connect: Callable[[float], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
):
    waits = []

    def let_go(seconds: float) -> None:
        waits.append(seconds)
        holder.communicate()

    monkeypatch.setattr(dbt_plugin.time, "sleep", let_go)
    connect(60)
    assert len(waits) == 1
    said = capsys.readouterr().err
    assert said.startswith("Waiting up to 60 s for ")
    assert f"(PID {holder.pid})" in said


@pytest.mark.usefixtures("holder")
def test_does_not_wait_for_ever(connect: Callable[[float], None], monkeypatch: pytest.MonkeyPatch):
    clock = [1000.0]

    def wait(seconds: float) -> None:
        clock[0] += seconds

    monkeypatch.setattr(dbt_plugin.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(dbt_plugin.time, "sleep", wait)
    with pytest.raises(RuntimeError, match=r"^Store Uptime: .*Could not set lock on file"):
        connect(60)
    assert clock == [1060]
    # dbt tries again with each of its connections.
    with pytest.raises(RuntimeError, match="Could not set lock on file"):
        connect(60)
    assert clock == [1060]


def test_a_file_that_is_none_of_duckdbs_is_not_waited_for(
    db: Path, connect: Callable[[float], None]
):
    db.parent.mkdir()
    db.write_bytes(b"not a database" * 1000)
    with pytest.raises(RuntimeError, match="not a valid DuckDB database file"):
        connect(60)


def test_a_name_that_the_models_use_is_refused(tmp_path: Path):
    credentials = DuckDBCredentials(path=str(tmp_path / "Staging.duckdb"))
    plugin = Plugin("dbt_plugin", {"wait_seconds": 0}, credentials)
    with pytest.raises(RuntimeError, match=r"Staging\.duckdb needs another name than main, "):
        plugin.update_connection_config(credentials, CONFIG)
    assert not list(tmp_path.glob("*.duckdb"))


def test_what_a_killed_build_left_of_a_release_is_removed(
    db: Path, connect: Callable[[float], None]
):
    """DuckDB's log stands beside a release until it is finished."""
    folder = db.parent / "releases"
    folder.mkdir(parents=True)
    for name in ("whole.duckdb", "half.duckdb", "half.duckdb.wal", "current.duckdb"):
        (folder / name).touch()
    # Somebody has opened the one that is read, and may write to it.
    (folder / "current.duckdb.wal").touch()
    point_to(folder / "current.duckdb", db, datetime.now(UTC))
    connect(0)
    assert sorted(path.name for path in folder.iterdir()) == [
        "current.duckdb",
        "current.duckdb.wal",
        "current.json",
        "whole.duckdb",
    ]


@pytest.mark.usefixtures("holder")
def test_a_release_that_is_being_written_stays(db: Path, connect: Callable[[float], None]):
    folder = db.parent / "releases"
    folder.mkdir()
    for name in ("half.duckdb", "half.duckdb.wal"):
        (folder / name).touch()
    with pytest.raises(RuntimeError, match="Could not set lock on file"):
        connect(0)
    assert len(list(folder.iterdir())) == 2
