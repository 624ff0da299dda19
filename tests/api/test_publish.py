"""`python -m api publish`: a release of what Spark has left as Parquet."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from api import __main__ as commands
from api.publish import NothingBuiltError, publish
from api.releases import Releases


@pytest.fixture
def db(tmp_path: Path) -> Path:
    return tmp_path / "it's [here]" / "store_uptime.duckdb"


def build(db: Path, **pointer: Any) -> None:
    """Leave what Spark leaves: a table of two parts, a view on it and a function."""
    folder = db.parent / "spark" / "tables" / "main.db" / "stores"
    folder.mkdir(parents=True)
    for number, store_id in enumerate("ba"):
        duckdb.sql(f"select '{store_id}' as store_id").write_parquet(
            str(folder / f"part-0000{number}.parquet")
        )
    said = {
        "pointer": {
            "release": "20260312T181322-01234567",
            "as_of": "2026-03-12T18:13:22.479220Z",
            "started_at": "2026-03-12T18:20:00.000000Z",
            "vars": {},
            "policy": {"max_poll_gap": None},
            "lake_id": "a lake",
            "load": 3,
            "is_experiment": False,
            **pointer,
        },
        "tables": [{"schema": "main", "name": "stores", "path": str(folder)}],
        "views": [
            {
                "schema": "main",
                "name": "firsts",
                "sql": "select min(store_id) as id from main.stores",
            }
        ],
        "functions": "create or replace macro main.shout(a) as upper(a);",
    }
    (db.parent / "spark" / "release.json").write_text(json.dumps(said))


def test_readers_get_tables_views_and_functions(db: Path) -> None:
    build(db)
    path, is_newest = publish(db)
    assert is_newest
    with Releases(db).open_newest() as (release, connection):
        assert release.path == path
        assert (release.lake_id, release.load) == ("a lake", 3)
        assert connection.execute("from stores").fetchall() == [("b",), ("a",)]
        assert connection.execute("select shout(id) from firsts").fetchall() == [("A",)]


def test_publishing_again_leaves_the_release_to_its_readers(db: Path) -> None:
    build(db)
    path, _ = publish(db)
    file = path.stat().st_ino
    assert publish(db) == (path, True)
    assert path.stat().st_ino == file


def test_a_later_release_stays_the_newest(db: Path) -> None:
    build(db)
    path, _ = publish(db)
    releases = Releases(db)
    said = json.loads(releases.pointer.read_text()) | {
        "release": "later",
        "path": "releases/later.duckdb",
        "started_at": "2026-03-12T19:00:00.000000Z",
    }
    path.with_name("later.duckdb").write_bytes(path.read_bytes())
    # As dbt 2 does, which does not know the link.
    releases.pointer.write_text(json.dumps(said))
    assert releases.link.resolve() == path
    assert publish(db) == (path.with_name("later.duckdb"), True)
    assert releases.link.resolve() == path.with_name("later.duckdb")


def test_an_experiment_leads_nobody_to_it(db: Path) -> None:
    build(db, is_experiment=True)
    path, is_newest = publish(db)
    assert path.exists()
    assert not is_newest
    assert Releases(db).newest() is None


def test_nothing_half_is_published(db: Path) -> None:
    build(db)
    for file in (db.parent / "spark" / "tables").rglob("*.parquet"):
        file.unlink()
    with pytest.raises(NothingBuiltError, match=r"there is no Parquet in .*stores"):
        publish(db)
    assert list((db.parent / "releases").iterdir()) == []


def test_without_a_whole_build_is_one_sentence(db: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    db.parent.mkdir()
    monkeypatch.setenv("STORE_UPTIME_DB", str(db))
    with pytest.raises(SystemExit, match=r"Error: there is no .*release\.json: a whole"):
        commands.main(["publish"])
