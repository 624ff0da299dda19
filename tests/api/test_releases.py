"""Readers find the newest release, whatever happens to the files around them."""

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from api import releases as module
from api.releases import NoReleaseError, Releases, SharedReleases, attach, publish_pointer
from api.settings import Settings
from tests.api.fakes import AS_OF, point_to, publish, write_release


@pytest.fixture
def releases(settings: Settings) -> Releases:
    return Releases(settings.db)


def test_newest_is_what_the_pointer_says(settings: Settings, releases: Releases):
    began = datetime(2026, 3, 12, 19, tzinfo=UTC)
    path = publish(settings, began, {"as_of": "2026-03-01"})
    newest = releases.newest()
    assert newest is not None
    assert (newest.release_id, newest.path, newest.as_of, newest.started_at, newest.vars) == (
        path.stem,
        path,
        AS_OF,
        began,
        {"as_of": "2026-03-01"},
    )


@pytest.mark.parametrize(
    "pointer",
    [
        None,
        "",
        '{"release": "half',
        "[]",
        "[" * 100_000,
        "{}",
        '{"release": "gone", "path": "releases/gone.duckdb", "as_of": "", '
        '"started_at": "2026-03-12T19:00:00Z", "vars": {}}',
    ],
)
def test_no_release_where_the_pointer_makes_no_sense(
    settings: Settings, releases: Releases, pointer: str | None
):
    if pointer is not None:
        (settings.db.parent / "current.json").write_text(pointer)
    assert releases.newest() is None


def test_opening_without_a_release_says_so(releases: Releases):
    with pytest.raises(NoReleaseError, match="no build has succeeded"), releases.open_newest():
        pass


@pytest.mark.parametrize("pointer", [b"", b'{"release": "half', b"\xff", b"{}"])
def test_pointer_that_makes_no_sense_is_named(
    settings: Settings, releases: Releases, pointer: bytes
):
    releases.pointer.write_bytes(pointer)
    said = (
        "What leads to the newest release cannot be read, or names one that is gone; "
        "a new build mends that."
    )
    for each in (releases, SharedReleases(settings.db)):
        with pytest.raises(NoReleaseError) as raised, each.open_newest():
            pass
        assert str(raised.value) == said


def test_reader_moves_on_if_its_release_is_pruned_before_it_opens(
    settings: Settings, releases: Releases, monkeypatch: pytest.MonkeyPatch
):
    first = publish(settings)
    tried = []

    def attach_late(path: Path, database: str) -> duckdb.DuckDBPyConnection:
        tried.append(path)
        if path == first:
            publish(settings)
            first.unlink()
        return attach(path, database)

    monkeypatch.setattr(module, "attach", attach_late)
    with releases.open_newest() as (release, connection):
        stores = connection.execute("select store_id from store_report_minutes").fetchall()
    assert stores == [("a",)]
    assert tried == [first, release.path]


def test_release_that_is_there_but_broken_is_not_tried_for_ever(
    settings: Settings, releases: Releases
):
    publish(settings).write_bytes(b"not a database" * 1000)
    with pytest.raises(NoReleaseError, match="cannot be opened"), releases.open_newest():
        pass


def test_release_is_on_disk_before_anything_leads_to_it(
    settings: Settings, releases: Releases, monkeypatch: pytest.MonkeyPatch
):
    path = publish(settings)
    forced: list[str] = []
    monkeypatch.setattr(
        "os.fsync", lambda file: forced.append(Path(os.readlink(f"/proc/self/fd/{file}")).name)
    )
    releases.publish(releases.pointer.read_text())
    folder = settings.db.parent.name
    named = [name.partition(".json.")[0] for name in forced]
    assert named == [
        path.name,
        "releases",
        f".{path.stem}",
        "releases",
        ".current",
        folder,
        folder,
    ]


def test_release_cannot_be_changed(settings: Settings, releases: Releases):
    publish(settings)
    with (
        releases.open_newest() as (_, connection),
        pytest.raises(duckdb.InvalidInputException, match="read-only"),
    ):
        connection.execute("delete from store_report_minutes")


def test_path_with_a_quote_can_be_opened(settings: Settings):
    release = write_release(settings.db, settings.data)
    quoted = release.rename(release.with_name("it's.duckdb"))
    with attach(quoted) as connection:
        assert connection.execute("select count(*) from input_files").fetchone() == (3,)


def _publish_aged(settings: Settings, *ages_in_minutes: int) -> list[Path]:
    """Publish releases of these ages; the pointer is left at the last one."""
    found = []
    for age in ages_in_minutes:
        path = publish(settings)
        at = (datetime.now(UTC) - timedelta(minutes=age)).timestamp()
        os.utime(path, (at, at))
        found.append(path)
    return found


def test_prune_keeps_the_newest_and_the_young(settings: Settings, releases: Releases):
    old, older, young, newest = _publish_aged(settings, 30, 40, 5, 1)
    releases.prune(kept=1, kept_seconds=600)
    assert [path.exists() for path in (old, older, young, newest)] == [False, False, True, True]


def test_prune_keeps_as_many_as_asked_for(settings: Settings, releases: Releases):
    paths = _publish_aged(settings, 50, 40, 30, 20)
    releases.prune(kept=3, kept_seconds=600)
    assert [path.exists() for path in paths] == [False, True, True, True]


def test_prune_keeps_what_the_pointer_names(settings: Settings, releases: Releases):
    current, other = _publish_aged(settings, 50, 40)
    point_to(current, settings.db, datetime.now(UTC))
    releases.prune(kept=1, kept_seconds=600)
    assert [current.exists(), other.exists()] == [True, True]


def test_prune_leaves_a_reader_its_open_release(settings: Settings, releases: Releases):
    old, _ = _publish_aged(settings, 50, 40)
    with attach(old) as connection:
        releases.prune(kept=1, kept_seconds=600)
        assert not old.exists()
        assert connection.execute("select count(*) from input_files").fetchone() == (3,)


def test_publishing_replaces_pointer_and_link(settings: Settings, releases: Releases):
    said = {
        "as_of": AS_OF,
        "started_at": "2026-03-12T19:00:00Z",
        "vars": {},
    }
    for _ in range(2):
        path = write_release(settings.db, settings.data)
        more = {"release": path.stem, "path": f"releases/{path.name}"}
        with duckdb.connect() as connection:
            connection.create_function(
                "publish_pointer", publish_pointer, ["varchar", "varchar"], "varchar"
            )
            connection.execute(
                "select publish_pointer(?, ?)", [str(releases.pointer), json.dumps(said | more)]
            ).fetchall()
        newest = releases.newest()
        assert newest is not None and newest.path == path
        assert os.readlink(releases.link) == f"releases/{path.name}"
        assert sorted(os.listdir(settings.db.parent)) == [
            "current.duckdb",
            "current.json",
            "lake",
            "releases",
        ]


def test_link_is_mended(settings: Settings, releases: Releases):
    """A build may be killed between pointer and link, and earlier versions made no link."""
    path = publish(settings)
    for target in ("releases/gone.duckdb", None):
        releases.link.unlink(missing_ok=True)
        if target:
            releases.link.symlink_to(target)
        releases.remove_unfinished()
        assert releases.link.resolve() == path.resolve()


def test_a_file_of_the_links_name_stays(settings: Settings, releases: Releases):
    releases.link.write_text("mine")
    publish(settings)
    releases.remove_unfinished()
    assert releases.link.read_text() == "mine"
