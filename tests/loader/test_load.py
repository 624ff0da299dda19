"""Which version of a file is which, what a load reads, and what it leaves alone."""

import os
import random
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import duckdb
import pytest

from loader import lake as lakes
from loader import load as loading
from loader import manifest as manifests
from loader.errors import InputError
from loader.load import why_changed
from tests.conftest import SEEDS
from tests.loader.conftest import CLOCK_US, HOURS, POLLS, ZONES, Inputs

DAY_US = 86_400_000_000


def test_reads_all_files_of_a_folder(inputs: Inputs):
    done = inputs.load()
    assert (done.load, done.changed, done.files, done.converted) == (1, True, 3, 3)
    assert inputs.polls() == [("store_status.csv", 2, "A")]
    assert sorted(inputs.read) == ["business_hours.csv", "store_status.csv", "timezones.csv"]


def test_reads_nothing_again(inputs: Inputs):
    first = inputs.load()
    second = inputs.load()
    assert (second.load, second.changed, second.lake_id) == (1, False, first.lake_id)
    assert inputs.read == []


@pytest.mark.usefixtures("trusting")
def test_hashes_no_polls_that_lie_as_they_did(inputs: Inputs, monkeypatch: pytest.MonkeyPatch):
    inputs.load()
    hashed = []
    sha256 = loading._sha256
    monkeypatch.setattr(loading, "_sha256", lambda file: hashed.append(file.input) or sha256(file))
    inputs.load()
    assert sorted(hashed) == ["business_hours", "timezones"]


def test_a_touched_file_is_the_same_version(inputs: Inputs):
    inputs.load()
    os.utime(inputs.data / "store_status.csv")
    done = inputs.load()
    assert (done.load, inputs.read) == (1, [])


def test_a_file_of_the_future_is_read_once(inputs: Inputs):
    later_ns = time.time_ns() + 3600 * 10**9
    os.utime(inputs.data / "store_status.csv", ns=(later_ns, later_ns))
    inputs.load()
    inputs.load()
    assert inputs.read == []


@pytest.mark.parametrize("name", ["timezones.csv", "store_status.csv"])
def test_sees_other_content_of_the_same_size_and_time(inputs: Inputs, name: str):
    path = inputs.data / name
    before = path.stat()
    inputs.load()
    path.write_text(path.read_text().replace("A,", "B,"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    done = inputs.load()
    assert (done.load, done.changed, inputs.read) == (2, True, [name])


def test_a_renamed_file_is_the_same_version(inputs: Inputs):
    inputs.load()
    (inputs.data / "store_status.csv").rename(inputs.data / "store_status_1.csv")
    done = inputs.load()
    assert (done.changed, inputs.read) == (True, [])
    assert inputs.polls() == [("store_status_1.csv", 2, "A")]
    assert inputs.ask("select count(*) from versions") == [(3,)]


def test_a_moved_folder_costs_nothing(inputs: Inputs):
    inputs.load()
    moved = Inputs(inputs.data.rename(inputs.data.with_name("moved")), inputs.lake, inputs.read)
    done = moved.load()
    assert (done.load, done.changed, moved.read) == (1, False, [])
    assert moved.ask("select distinct parse_dirpath(file) from present") == [(str(moved.data),)]


def test_spellings_of_a_folder_are_one(inputs: Inputs, monkeypatch: pytest.MonkeyPatch):
    inputs.load()
    monkeypatch.chdir(inputs.data.parent)
    inputs.data.with_name("linked").symlink_to(inputs.data)
    for folder in ("data", "linked", "data/../data/."):
        done = loading.load(Path(folder), inputs.lake)
        assert (done.load, done.changed) == (1, False)
    assert inputs.ask("select file from present where input = 'timezones'") == [
        ("data/timezones.csv",)
    ]


def test_a_link_and_its_file_are_one(inputs: Inputs):
    (inputs.data / "store_status_linked.csv").symlink_to(inputs.data / "store_status.csv")
    assert inputs.load().files == 3


def test_a_second_copy_is_a_version_that_is_not_read(inputs: Inputs):
    inputs.load()
    shutil.copy(inputs.data / "store_status.csv", inputs.data / "store_status_2.csv")
    done = inputs.load()
    assert (done.load, done.adopted, inputs.read) == (2, 1, [])
    assert inputs.polls() == [("store_status.csv", 2, "A"), ("store_status_2.csv", 2, "A")]


def test_the_same_content_by_another_ending_is_read(inputs: Inputs):
    inputs.load()
    path = inputs.data / "timezones.csv"
    shutil.copy(path, inputs.data / "timezones_2.jsonl")
    with suppress(InputError):
        inputs.load()
    assert inputs.read == ["timezones_2.jsonl"]


def test_a_version_that_comes_back_is_not_read(inputs: Inputs):
    path = inputs.data / "store_status.csv"
    first = path.read_text()
    inputs.load()
    path.write_text(f"{POLLS}B,active,2026-03-01 10:00:00 UTC\n")
    inputs.load()
    path.write_text(first)
    done = inputs.load()
    assert (done.load, done.adopted, inputs.read) == (3, 1, [])
    assert inputs.polls() == [("store_status.csv", 2, "A")]
    assert inputs.ask("select max(file_key) from versions where input = 'store_status'") == [(5,)]


def test_a_removed_file_counts_no_longer_and_keeps_its_rows(inputs: Inputs):
    inputs.write("store_status_2.csv", f"{POLLS}B,active,2026-03-01 10:00:00 UTC\n")
    inputs.load()
    (inputs.data / "store_status_2.csv").unlink()
    done = inputs.load()
    assert (done.load, done.removed) == (2, 1)
    assert inputs.polls() == [("store_status.csv", 2, "A")]
    assert inputs.ask(
        "select added_load, removed_load, place from versions where file like '%store_status_2.csv'"
    ) == [(1, 2, None)]
    rows = duckdb.sql(f"select store_id from '{inputs.lake}/store_status/*.parquet'").fetchall()
    assert sorted(rows) == [("A",), ("B",)]


def test_another_loader_reads_anew(inputs: Inputs, monkeypatch: pytest.MonkeyPatch):
    """A table that has taken in the polls of a version hears that others came in their place."""
    inputs.load(clock_us=CLOCK_US)
    monkeypatch.setattr(manifests, "READER", "mended")
    done = inputs.load(clock_us=CLOCK_US + DAY_US)
    assert (done.load, done.converted, done.removed, done.files) == (2, 3, 3, 3)
    assert inputs.ask("select file_key, arrived_us, first_seen_us from present order by all") == [
        (key, CLOCK_US, CLOCK_US) for key in (4, 5, 6)
    ]
    assert inputs.load().changed is False


def test_other_columns_of_the_lake_replace_all_parts(
    inputs: Inputs, monkeypatch: pytest.MonkeyPatch
):
    first = inputs.load()
    monkeypatch.setattr(lakes, "schema", lambda: "other")
    monkeypatch.setattr(manifests, "schema", lambda: "other")
    done = inputs.load()
    assert (done.lake_id, done.load, done.pruned_load) == (first.lake_id, 2, 2)
    assert inputs.ask("select count(*) from versions") == [(3,)]
    assert len(inputs.parts()) == 1


def test_places_follow_arrival_then_names_as_people_count(inputs: Inputs):
    for name in ("week10", "week9"):
        inputs.write(f"timezones_{name}.csv", f"{ZONES}A,Asia/Tokyo\n", at_us=CLOCK_US)
    inputs.write("timezones_old.csv", f"{ZONES}A,Asia/Tokyo\n", at_us=CLOCK_US - DAY_US)
    inputs.load()
    assert inputs.ask("""
        select parse_filename(file) from present where input = 'timezones' order by place
    """) == [
        ("timezones_old.csv",),
        ("timezones_week9.csv",),
        ("timezones_week10.csv",),
        ("timezones.csv",),
    ]


def test_a_file_dated_ahead_arrived_when_it_was_seen(inputs: Inputs):
    inputs.write("timezones.csv", f"{ZONES}A,Asia/Tokyo\n", at_us=CLOCK_US + DAY_US)
    inputs.load(clock_us=CLOCK_US)
    assert inputs.ask("select arrived_us from present where input = 'timezones'") == [(CLOCK_US,)]


def test_an_upload_arrived_at_the_time_in_its_name(inputs: Inputs):
    inputs.write(f"timezones_20260302T120000000001_{'0' * 64}.csv", f"{ZONES}A,Asia/Tokyo\n")
    inputs.load()
    assert (CLOCK_US + 1,) in inputs.ask("select arrived_us from present")


def test_a_forgotten_version_stays_so_while_its_content_is_there(inputs: Inputs):
    inputs.write("store_status_2.csv", f"{POLLS}B,active,2026-03-01 10:00:00 UTC\n")
    inputs.load()
    [(key,)] = inputs.ask("select file_key from versions where file like '%status_2.csv'")
    loading.forget(inputs.lake, key, "ann", "sent by mistake", clock_us=CLOCK_US)
    assert inputs.polls() == [("store_status.csv", 2, "A")]
    shutil.copy(inputs.data / "store_status_2.csv", inputs.data / "store_status_3.csv")
    (inputs.data / "store_status_2.csv").rename(inputs.data / "store_status_4.csv")
    done = inputs.load()
    assert (done.load, inputs.read) == (2, [])
    assert inputs.polls() == [("store_status.csv", 2, "A")]
    assert (
        inputs.ask("""
        select forgotten_at_us, forgotten_by, forgotten_why from versions where is_there
        and removed_load is not null
    """)
        == [(CLOCK_US, "ann", "sent by mistake")] * 2
    )
    assert inputs.load().load == 2
    inputs.write("store_status_4.csv", f"{POLLS}C,active,2026-03-01 10:00:00 UTC\n")
    inputs.load()
    assert inputs.polls()[1:] == [("store_status_4.csv", 2, "C")]


def test_a_version_can_be_remembered(inputs: Inputs):
    inputs.load()
    [(key,)] = inputs.ask("select file_key from versions where input = 'store_status'")
    loading.forget(inputs.lake, key, "ann", "")
    loading.remember(inputs.lake, key)
    inputs.load()
    assert inputs.read == []
    assert inputs.polls() == [("store_status.csv", 2, "A")]


def test_a_version_takes_the_place_of_another(inputs: Inputs):
    inputs.write("timezones.csv", f"{ZONES}A,Asia/Tokio\n", at_us=CLOCK_US)
    inputs.write("timezones_2.csv", f"{ZONES}A,Asia/Seoul\n", at_us=CLOCK_US + 1)
    inputs.load()
    inputs.write("timezones_mended.csv", f"{ZONES}A,Asia/Tokyo\n", at_us=CLOCK_US + 2)
    inputs.load()
    keys = dict(inputs.ask("select parse_filename(file), file_key from versions"))
    old, new = keys["timezones.csv"], keys["timezones_mended.csv"]
    loading.replace_version(inputs.lake, new, old, "ann", "", clock_us=CLOCK_US)
    assert inputs.ask("""
        select file_key, arrived_us, replaces from present where input = 'timezones' order by place
    """) == [(new, CLOCK_US, old), (keys["timezones_2.csv"], CLOCK_US + 1, None)]
    assert inputs.load().changed is False


def test_one_input_takes_no_place_of_another(inputs: Inputs):
    inputs.load()
    [(one,), (other,)] = inputs.ask("select file_key from versions order by file_key limit 2")
    with pytest.raises(InputError, match="another version of the same input is expected"):
        loading.replace_version(inputs.lake, one, other, "ann", "")


def test_thousands_of_small_files_become_one_part(inputs: Inputs):
    for number in range(1000):
        inputs.write(
            f"store_status_{number}.csv", f"{POLLS}A,active,2026-03-01 11:00:00.{number:03} UTC\n"
        )
    inputs.load()
    assert len(inputs.parts()) == 1
    assert len(inputs.polls()) == 1001


def test_small_parts_are_merged_as_they_come(inputs: Inputs, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lakes, "_KEPT_SECONDS", -3600)
    for number in range(40):
        inputs.write(
            f"store_status_{number}.csv", f"{POLLS}A,active,2026-03-01 11:00:{number:02} UTC\n"
        )
        inputs.load()
        assert inputs.read[-1] == f"store_status_{number}.csv"
    inputs.load()
    assert len(inputs.parts()) <= lakes._PARTS_MAX
    assert len(inputs.polls()) == 41


def test_a_merged_part_stays_for_builds_that_read_it(inputs: Inputs):
    inputs.load()
    inputs.write("store_status_2.csv", f"{POLLS}B,active,2026-03-01 10:00:00 UTC\n")
    inputs.load()
    before = inputs.parts()
    loading.merge(inputs.lake)
    inputs.load()
    assert before < inputs.parts()
    assert len(inputs.polls()) == 2


def test_what_was_removed_long_ago_is_pruned(inputs: Inputs, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(manifests, "_KEPT_LOADS", 3)
    monkeypatch.setattr(lakes, "_KEPT_SECONDS", -3600)
    path = inputs.data / "store_status_2.csv"
    loads = []
    for number in range(6):
        path.write_text(f"{POLLS}A,active,2026-03-01 11:00:{number:02} UTC\n")
        loads.append(inputs.load(clock_us=CLOCK_US + number * 5 * DAY_US))
    # Load 2 removed the first version, 5 days later; 3 loads and 7 days are kept.
    assert [done.pruned_load for done in loads] == [0, 0, 0, 0, 2, 3]
    assert inputs.ask("select count(*) from versions where input = 'store_status'") == [(5,)]
    loading.merge(inputs.lake)
    inputs.load(clock_us=CLOCK_US + 30 * DAY_US)
    [(rows,)] = duckdb.sql(
        f"select count(*) from '{inputs.lake}/store_status/*.parquet'"
    ).fetchall()
    assert rows == 5


def test_a_lake_file_that_is_lost_is_made_again(inputs: Inputs):
    inputs.load()
    [part] = inputs.parts()
    (inputs.lake / "store_status" / part).unlink()
    done = inputs.load()
    assert (done.load, done.changed, inputs.read) == (1, False, ["store_status.csv"])
    assert inputs.polls() == [("store_status.csv", 2, "A")]


def test_a_lake_file_that_was_cut_is_made_again(inputs: Inputs):
    inputs.load()
    [part] = inputs.parts("timezones")
    os.truncate(inputs.lake / "timezones" / part, 10)
    inputs.load()
    assert inputs.read == ["timezones.csv"]
    assert inputs.ask("select timezone from timezones") == [("America/New_York",)]


def test_a_part_that_is_damaged_inside_is_made_again(inputs: Inputs):
    inputs.load()
    [part] = inputs.parts("business_hours")
    path = inputs.lake / "business_hours" / part
    path.write_bytes(b"PAR1" + b"x" * (path.stat().st_size - 8) + b"PAR1")
    inputs.load()
    assert inputs.read == ["business_hours.csv"]
    assert inputs.ask("select store_id from business_hours") == [("A",)]


def test_a_byte_that_is_another_in_a_part_has_it_made_again(inputs: Inputs):
    inputs.load()
    [part] = inputs.parts()
    path = inputs.lake / "store_status" / part
    content = bytearray(path.read_bytes())
    content[6] ^= 1
    path.write_bytes(content)
    done = inputs.load()
    assert (done.load, done.changed, inputs.read) == (1, False, ["store_status.csv"])
    assert inputs.polls() == [("store_status.csv", 2, "A")]


def test_a_lake_that_was_copied_is_as_it_was(inputs: Inputs, monkeypatch: pytest.MonkeyPatch):
    inputs.load()
    shutil.copytree(inputs.lake, copied := inputs.lake.with_name("copied"))
    inputs.lake = copied
    assert (inputs.load().load, inputs.read) == (1, [])
    monkeypatch.setattr(lakes, "_sha256", lambda _: pytest.fail("once is enough"))
    assert (inputs.load().load, inputs.read) == (1, [])


def test_the_manifest_of_another_version_begins_anew(inputs: Inputs):
    inputs.load()
    manifest = inputs.lake / "manifest.parquet"
    duckdb.execute(
        f"copy (select * exclude (sha256) from '{manifest}') to '{manifest}' (format parquet)"
    )
    assert (inputs.load().load, len(inputs.read)) == (1, 3)


def test_a_kill_costs_no_second_reading_of_what_is_in_the_lake(
    inputs: Inputs, monkeypatch: pytest.MonkeyPatch
):
    selects = loading.selects

    def killed(connection, one, *arguments):  # type: ignore[no-untyped-def]
        if one.name == "store_status":
            raise Killed
        return selects(connection, one, *arguments)

    with monkeypatch.context() as patch:
        patch.setattr(loading, "selects", killed)
        with pytest.raises(Killed):
            inputs.load()
    assert inputs.ask("select count(*) from present") == [(0,)]
    done = inputs.load()
    assert (done.converted, done.adopted, inputs.read) == (1, 2, ["store_status.csv"])
    assert inputs.ask("select count(*) from versions") == [(3,)]
    assert inputs.ask("select timezone from timezones") == [("America/New_York",)]


def test_lost_rows_of_a_removed_version_are_told_of(inputs: Inputs):
    path = inputs.data / "store_status.csv"
    inputs.load()
    path.write_text(f"{POLLS}B,active,2026-03-01 10:00:00 UTC\n")
    inputs.load()
    part = min(inputs.parts(), key=lambda name: int(name.removesuffix(".parquet")))
    (inputs.lake / "store_status" / part).unlink()
    done = inputs.load()
    assert (done.pruned_load, inputs.read) == (2, [])


@pytest.mark.parametrize("content", [None, b"", b"PAR1 and no more"])
def test_without_its_manifest_the_lake_begins_anew(inputs: Inputs, content: bytes | None):
    first = inputs.load()
    inputs.load()
    manifest = inputs.lake / "manifest.parquet"
    if content is None:
        manifest.unlink()
    else:
        manifest.write_bytes(content)
    done = inputs.load()
    assert (done.load, len(inputs.read)) == (1, 3)
    assert done.lake_id != first.lake_id
    assert inputs.polls() == [("store_status.csv", 2, "A")]
    assert len(inputs.parts()) == 1


def test_what_was_read_stays_whatever_fails_after_it(inputs: Inputs):
    damaged = inputs.write("store_status_2.csv", "")
    os.truncate(damaged, 0)
    before = inputs.write("stores.csv", "store_id,brand\nA,one\n")
    with pytest.raises(InputError):
        inputs.load()
    assert inputs.ask("select count(*) from present") == [(0,)]
    damaged.unlink()
    inputs.load()
    assert inputs.read == ["store_status.csv"]
    assert before.exists()


def test_a_file_that_changes_while_it_is_read_is_read_again(
    inputs: Inputs, monkeypatch: pytest.MonkeyPatch
):
    path = inputs.data / "store_status.csv"
    selects = loading.selects
    texts = [f"{POLLS}B,active,2026-03-01 10:00:00 UTC\n"]

    def change(*arguments: object) -> list[str]:
        result = selects(*arguments)
        if arguments[1].name == "store_status" and texts:
            path.write_text(texts.pop())
        return result

    monkeypatch.setattr(loading, "selects", change)
    inputs.load()
    assert inputs.polls() == [("store_status.csv", 2, "B")]


def test_a_file_that_keeps_changing_stops_the_load(inputs: Inputs, monkeypatch: pytest.MonkeyPatch):
    path = inputs.data / "store_status.csv"
    selects = loading.selects

    def change(*arguments: object) -> list[str]:
        result = selects(*arguments)
        path.write_text(f"{path.read_text()}A,active,2026-03-01 10:00:00 UTC\n")
        return result

    monkeypatch.setattr(loading, "selects", change)
    with pytest.raises(InputError, match=r"store_status\.csv keeps changing while it is read\."):
        inputs.load()


def test_days_from_1_to_7_stop_the_load(inputs: Inputs):
    days = "".join(f"A,{day},09:00:00,17:00:00\n" for day in range(1, 8))
    inputs.write("business_hours.csv", HOURS + days)
    with pytest.raises(InputError, match=r"days in business_hours are 1 to 7.*monday_is: 1"):
        inputs.load()
    assert inputs.load(monday_is=1).converted == 0


@pytest.mark.parametrize("days", [(0, 7), (1, 6), (0, 1, 2, 3, 4, 5, 6)])
def test_other_days_do_not(inputs: Inputs, days: tuple[int, ...]):
    rows = "".join(f"A,{day},09:00:00,17:00:00\n" for day in days)
    inputs.write("business_hours.csv", HOURS + rows)
    assert inputs.load().files == 3


def test_says_what_has_changed(inputs: Inputs):
    assert why_changed(inputs.data, inputs.lake) is not None
    inputs.load()
    assert why_changed(inputs.data, inputs.lake) is None
    path = inputs.write("store_status_2.csv", f"{POLLS}B,active,2026-03-01 10:00:00 UTC\n")
    assert why_changed(inputs.data, inputs.lake) == f"{path} is new"
    inputs.load()
    inputs.write("timezones.csv", f"{ZONES}A,Asia/Tokyo\n")
    assert why_changed(inputs.data, inputs.lake) == f"{inputs.data}/timezones.csv has changed"
    inputs.load()
    path.unlink()
    assert why_changed(inputs.data, inputs.lake) == f"{path} is gone"


def test_a_file_without_permission_is_told_of(inputs: Inputs, monkeypatch: pytest.MonkeyPatch):
    """Whoever runs the tests may be allowed to read everything."""
    path = inputs.write("store_status_2.csv", POLLS)
    sha256 = loading._sha256

    def refuse(file: object) -> str:
        if file.path == str(path):
            raise PermissionError
        return sha256(file)

    monkeypatch.setattr(loading, "_sha256", refuse)
    [note] = inputs.load().notes
    assert note.note == f"{path} was not read: there is no permission to read it."
    assert duckdb.sql(f"from '{inputs.lake}/notes.parquet'").fetchall() == [tuple(note)]


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize("function", ["replace", "fsync"])
def test_kills_leave_the_state_before(
    inputs: Inputs, monkeypatch: pytest.MonkeyPatch, function: str
):
    """At each step that touches the disk, in a load that adds, changes, copies and removes."""
    first = inputs.write("store_status_1.csv", f"{POLLS}B,active,2026-03-01 10:00:00 UTC\n")
    inputs.load()
    before = inputs.polls()
    first.unlink()
    inputs.write("store_status.csv", f"{POLLS}C,active,2026-03-01 10:00:00 UTC\n")
    inputs.write("timezones.csv", f"{ZONES}A,Asia/Tokyo\n")
    after = [("store_status.csv", 2, "C")]
    kills = 0
    while True:
        steps = kills
        original = getattr(os, function)

        def step(*arguments: object, original: object = original) -> None:
            nonlocal steps
            if steps == 0:
                raise Killed
            steps -= 1
            original(*arguments)

        with monkeypatch.context() as patch:
            patch.setattr(os, function, step)
            try:
                inputs.load()
                break
            except Killed:
                kills += 1
        assert inputs.polls() in (before, after)
    assert kills > 2
    assert inputs.polls() == after
    rows = duckdb.sql(f"select count(*) from '{inputs.lake}/store_status/*.parquet'").fetchall()
    assert rows == [(3,)]


@pytest.mark.parametrize("seed", SEEDS)
def test_random_sequences_equal_a_fresh_load(
    inputs: Inputs, monkeypatch: pytest.MonkeyPatch, seed: int
):
    """Files added, touched, renamed, changed with the same size and time, removed, copied."""
    monkeypatch.setattr(lakes, "_PARTS_MAX", 2)
    monkeypatch.setattr(manifests, "_KEPT_LOADS", 2)
    monkeypatch.setattr(manifests, "_KEPT_US", 0)
    chance = random.Random(seed)
    compared = 0
    for number in range(30):
        files = sorted(inputs.data.rglob("store_status*.csv"))
        path = chance.choice(files)
        match chance.choice(
            ["add", "touch", "rename", "change", "same", "remove", "copy", "move", "lose", "merge"]
        ):
            case "add":
                inputs.write(
                    f"store_status_{number}.csv",
                    f"{POLLS}S{number},active,2026-03-01 10:00:00 UTC\n",
                )
            case "touch":
                path.touch()
            case "rename":
                path.rename(path.with_name(f"store_status_{number}.csv"))
            case "change":
                path.write_text(f"{path.read_text()}S{number},active,2026-03-01 10:00:00 UTC\n")
            case "same":
                stat = path.stat()
                status = chance.choice([" 10:", " 11:", " 12:"])
                text = path.read_text()
                for hour in (" 10:", " 11:", " 12:"):
                    text = text.replace(hour, status)
                path.write_text(text)
                os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
            case "remove" if len(files) > 1:
                path.unlink()
            case "copy":
                shutil.copy2(path, path.with_name(f"store_status_{number}.csv"))
            case "move":
                folder = inputs.data / "date=2026-03-02"
                folder.mkdir(exist_ok=True)
                path.rename(folder / f"store_status_{number}.csv")
            case "lose":
                part = chance.choice(sorted(inputs.parts()) or [None])
                if part is not None:
                    (inputs.lake / "store_status" / part).unlink()
            case "merge" if inputs.lake.exists():
                loading.merge(inputs.lake)
        if chance.random() < 0.3:
            continue
        inputs.load()
        fresh = Inputs(inputs.data, inputs.lake.with_name(f"fresh_{number}"))
        fresh.load()
        rows = (
            "select parse_filename(file), store_status.* exclude (part_key, file_key) "
            "from store_status join present using (file_key) order by all"
        )
        assert inputs.ask(rows) == fresh.ask(rows)
        shutil.rmtree(fresh.lake)
        compared += 1
    assert compared > 10


def test_what_a_kill_left_goes(inputs: Inputs):
    inputs.load()
    (inputs.lake / ".unpacked_1").mkdir()
    (inputs.lake / ".unpacked_1" / "rows").touch()
    for name in (".9.parquet", "9.parquet"):
        (inputs.lake / "store_status" / name).touch()
    inputs.load()
    assert len(inputs.parts()) == 1
    assert not list(inputs.lake.glob(".unpacked_*"))


def test_two_loads_at_once_read_each_file_once(inputs: Inputs):
    with ThreadPoolExecutor(2) as pool:
        loads = [pool.submit(loading.load, inputs.data, inputs.lake) for _ in range(2)]
        done = [future.result() for future in loads]
    assert sorted(one.converted for one in done) == [0, 3]
    assert [one.load for one in done] == [1, 1]
