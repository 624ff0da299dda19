"""Readers find the newest release, whatever happens to the files around them."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from api import releases as module
from api.releases import NoReleaseError, Releases, SharedReleases, attach
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
def test_pointer_that_makes_no_sense_is_named(releases: Releases, pointer: bytes):
    releases.pointer.write_bytes(pointer)
    said = (
        f"The pointer {releases.pointer} cannot be read, or names a release that is gone; "
        "a new build mends that."
    )
    for each in (releases, SharedReleases(releases)):
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


def test_newest_release_and_what_leads_to_it_are_forced_to_disk(
    settings: Settings, releases: Releases, monkeypatch: pytest.MonkeyPatch
):
    forced: list[Path] = []
    monkeypatch.setattr(module, "sync", forced.append)
    releases.sync_newest()
    assert forced == []
    path = publish(settings)
    releases.sync_newest()
    warehouse = settings.db.parent
    assert forced == [path, path.parent, warehouse / "current.json", warehouse]


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
        assert connection.execute("select count(*) from input_files").fetchone() == (1,)


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
        assert connection.execute("select count(*) from input_files").fetchone() == (1,)
