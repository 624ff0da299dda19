"""What a build is told as it begins, and what the commands print."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from loader import start
from loader.__main__ import main
from tests.loader.conftest import HOURS, POLLS, Inputs


@pytest.fixture
def db(inputs: Inputs, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = inputs.lake.with_name("store_uptime.duckdb")
    monkeypatch.setenv("STORE_UPTIME_DATA", str(inputs.data))
    monkeypatch.setenv("STORE_UPTIME_DB", str(path))
    return path


def begin(db: Path, **given: Any) -> dict[str, Any]:
    return json.loads(start.start_build(json.dumps(given), db))


def test_a_build_learns_of_the_load(inputs: Inputs, db: Path):
    told = begin(db, max_poll_gap=2)
    clock_us, lake_id = told.pop("clock_us"), told.pop("lake_id")
    assert told == {
        "lake": str(inputs.lake),
        "load": 1,
        "pruned_load": 0,
        "changed": True,
        "files": 3,
        "converted": 3,
        "notes": [],
        "vars": {"max_poll_gap": 2},
        "policy": {
            "as_of": None,
            "default_timezone": "America/Chicago",
            "closes_at_midnight_from": "23:59:00",
            "monday_is": 0,
            "status_before_first_poll": "first_known",
            "status_when_never_polled": "unknown",
            "max_poll_gap": 2,
            "exclusions": "exclude",
        },
        "named_as_of_us": None,
        "is_experiment": True,
    }
    again = begin(db)
    assert (again["load"], again["lake_id"], again["changed"]) == (1, lake_id, False)
    assert again["clock_us"] > clock_us


def test_an_instant_that_is_named_is_told_in_microseconds(db: Path):
    assert begin(db, as_of="1970-01-01 00:00:00")["error"].startswith("the var as_of is ")
    assert begin(db, as_of="2026-03-02 12:00:00")["named_as_of_us"] == 1_772_452_800_000_000


@pytest.mark.usefixtures("inputs")
def test_another_policy_is_an_experiment(db: Path):
    assert begin(db, default_timezone="America/New_York")["is_experiment"] is True
    assert begin(db, default_timezone="America/Chicago")["is_experiment"] is False


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ({"default_timezome": "UTC"}, "there is no var default_timezome; there are as_of, "),
        ({"monday_is": 2}, 'the var monday_is is "2"; it takes 0, or 1 '),
    ],
)
def test_a_var_that_means_nothing_stops_a_build(db: Path, given: dict[str, Any], error: str):
    told = begin(db, **given)
    assert list(told) == ["error"]
    assert told["error"].startswith(error)


def test_a_folder_that_lacks_an_input_stops_a_build(inputs: Inputs, db: Path):
    (inputs.data / "timezones.csv").rename(inputs.data / "timezone.csv")
    assert begin(db) == {
        "error": f"no file timezones*.csv (or .parquet, .json, .jsonl, .ndjson; text also .gz, "
        f".zst) in the folder {inputs.data}. {inputs.data}/timezone.csv was not read: is it meant "
        "as timezones*.csv? STORE_UPTIME_DATA names the folder with the inputs."
    }


def test_days_from_1_to_7_name_the_var_that_reads_them(inputs: Inputs, db: Path):
    days = "".join(f"A,{day},09:00:00,17:00:00\n" for day in range(1, 8))
    inputs.write("business_hours.csv", HOURS + days)
    assert "The var monday_is: 1 has them read like that." in begin(db)["error"]
    assert begin(db, monday_is=1)["files"] == 3


def test_no_error_escapes(db: Path, monkeypatch: pytest.MonkeyPatch):
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("of no one's making.\nand more")

    monkeypatch.setattr(start, "load", fail)
    assert begin(db) == {"error": "the inputs cannot be loaded: RuntimeError: of no one's making."}


def test_dbts_connection_is_not_needed(inputs: Inputs, db: Path):
    """It waits for the function, which has a connection of its own."""
    with duckdb.connect(db) as connection:
        connection.create_function(
            "start_build", lambda given: start.start_build(given, db), ["varchar"], "varchar"
        )
        [(told,)] = connection.execute("select start_build('{}')").fetchall()
    assert json.loads(told)["files"] == 3


def test_the_commands(inputs: Inputs, db: Path, capsys: pytest.CaptureFixture[str]):
    inputs.write("store_status.xlsx", "")
    inputs.write("store_status_2.csv", f"{POLLS}B,active,2026-03-01 10:00:00 UTC\nB\n")
    assert main(["load"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:3] == [
        f"{inputs.data}/store_status.xlsx was not read: it is a workbook; save its sheet as CSV.",
        "Files: 4, of which 4 were read now",
        "Rows: 5, of which 1 are set aside as no rows",
    ]
    assert lines[3].startswith(f"Lake: {inputs.lake}, ")
    assert json.loads((inputs.lake / "last_load.json").read_text())["files"] == 4

    [(key,)] = inputs.ask("select file_key from versions where file like '%store_status_2.csv'")
    assert main(["forget", str(key), "--by", "ann", "--why", "a test"]) == 0
    assert main(["list"]) == 0
    listed = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [line[-1] for line in listed if line[0] == str(key)] == ["forgotten by ann: a test"]

    assert main(["remember", str(key)]) == 0
    assert main(["load", "--vars", "{as_of: 2026-03-02 12:00:00}"]) == 0
    said = json.loads((inputs.lake / "last_load.json").read_text())
    assert (said["vars"], said["is_experiment"]) == ({"as_of": "2026-03-02 12:00:00"}, True)
    assert "Files: 4, of which 0 were read now" in capsys.readouterr().out
    assert main(["merge"]) == 0
    assert capsys.readouterr().out == "Parts: 2 became one for each input\n"


def test_a_command_that_fails_says_why(db: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["list"]) == 1
    assert capsys.readouterr().err.startswith("Store Uptime: there is no lake in ")
    assert main(["load"]) == 0
    assert main(["forget", "99"]) == 1
    assert "there is no version 99" in capsys.readouterr().err
