"""Which files of a folder are inputs, and what is said of the others."""

import os
import re
import socket
from pathlib import Path

import pytest

from loader.errors import InputError
from loader.finding import Note, find, missing_input


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("data").mkdir()
    return Path("data")


def lay_out(data: Path, *names: str) -> None:
    """Write a file of each name; one that ends in a slash is a folder."""
    for name in names:
        path = data / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir()
        else:
            path.write_text("store_id\n")


def found(data: Path) -> list[tuple[str, str, str]]:
    """Return input, name below the folder and format of what is found."""
    files, _ = find(data)
    return sorted((file.input, file.file.removeprefix("data/"), file.format) for file in files)


def notes(data: Path) -> list[str]:
    return sorted(note.note.removeprefix("data/") for note in find(data)[1])


@pytest.mark.parametrize(
    ("name", "input_name", "format_name"),
    [
        ("store_status.csv", "store_status", "csv"),
        ("Store_Status_2026-03-02.CSV.GZ", "store_status", "csv.gz"),
        ("store_status_1.parquet", "store_status", "parquet"),
        ("menu_hours.json", "business_hours", "json"),
        ("business_hours (1).jsonl", "business_hours", "jsonl"),
        ("timezones.ndjson.zst", "timezones", "ndjson.zst"),
        ("stores.csv.zst", "stores", "csv.zst"),
        ("stores_2026.csv", "stores", "csv"),
        ("special_hours[1]*.csv", "special_hours", "csv"),
    ],
)
def test_files_are_inputs_by_the_beginning_and_end_of_their_names(
    data: Path, name: str, input_name: str, format_name: str
):
    lay_out(data, name)
    assert found(data) == [(input_name, name, format_name)]
    assert notes(data) == []


@pytest.mark.parametrize(
    "folder",
    [
        "date=2026-03-02",
        "2026-03-02",
        "20260302",
        "2026/03/02",
        "2026/3/2/07",
        "year=2026/month=03",
        "country=US/2026-03",
        "2026-W10",
    ],
)
def test_folders_of_a_date_or_a_key_are_looked_into(data: Path, folder: str):
    lay_out(data, f"{folder}/store_status.csv")
    assert found(data) == [("store_status", f"{folder}/store_status.csv", "csv")]


@pytest.mark.parametrize(
    ("name", "format_name"),
    [
        ("store_status/part-00000.parquet", "parquet"),
        ("store_status.parquet/part-00000-1a2b.snappy.parquet", "parquet"),
        ("store_status.csv/part-00000", "csv"),
        ("store_status/date=2026-03-02/part.0.parquet", "parquet"),
        ("2026-03-02/store_status/polls.csv.gz", "csv.gz"),
        ("Store_Status_2026/timezones.csv", "csv"),
    ],
)
def test_a_folder_called_like_an_input_is_that_input(data: Path, name: str, format_name: str):
    folder = os.path.dirname(name)
    lay_out(data, name, f"{folder}/_SUCCESS", f"{folder}/.part.crc", f"{folder}/_tmp/a.parquet")
    assert found(data) == [("store_status", name, format_name)]
    assert notes(data) == []


def test_a_folder_without_data_is_told_of(data: Path):
    lay_out(data, "store_status/_SUCCESS")
    assert notes(data) == [
        "store_status/ was not read: there is no data in it; inputs are files that end in .csv, "
        ".parquet, .json, .jsonl or .ndjson (text also .gz, .zst)."
    ]


@pytest.mark.parametrize(
    ("log", "table"), [("_delta_log", "Delta"), (".hoodie", "Hudi"), ("metadata", "Iceberg")]
)
def test_tables_whose_files_hold_old_rows_are_not_read(data: Path, log: str, table: str):
    lay_out(data, "store_status/part-0.parquet", f"store_status/{log}/0.json")
    assert found(data) == []
    assert notes(data) == [
        f"store_status/ was not read: it is a table of {table}, whose files hold rows that no "
        "longer count; write its rows as plain Parquet."
    ]


def test_other_folders_are_told_of_if_they_hold_inputs(data: Path):
    lay_out(data, "old/store_status.csv", "pictures/cat.jpg", ".git/store_status.csv")
    assert found(data) == []
    assert notes(data) == [
        "old/ was not read: it holds files called like inputs, but only folders called by a date "
        "or key=value are looked into."
    ]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("store_status.xlsx", "it is a workbook; save its sheet as CSV"),
        ("store_status.parquet.gz", "Parquet is packed by itself; unpack it"),
        ("store_status.csv~", "its name is that of a backup"),
        ("store_status.csv.zip", "it is packed as .zip; unpack it, or pack it as .gz or .zst"),
        ("store_status.tsv", "it ends in .tsv; call it .csv, with whatever separates its columns"),
        (
            "store_status.csv.part",
            "a name that ends in .part is that of a file that is not finished",
        ),
        (
            "store_status.orc",
            "inputs are files that end in .csv, .parquet, .json, .jsonl or .ndjson "
            "(text also .gz, .zst)",
        ),
    ],
)
def test_a_file_called_like_an_input_that_is_not_read_is_told_of(data: Path, name: str, why: str):
    lay_out(data, name)
    assert find(data) == (
        [],
        [Note("store_status", f"data/{name}", "not_read", f"data/{name} was not read: {why}.")],
    )


def test_what_is_no_file_is_told_of(data: Path):
    (data / "store_status_1.csv").symlink_to("gone.csv")
    os.mkfifo(data / "store_status_2.csv")
    with socket.socket(socket.AF_UNIX) as opened:
        opened.bind("data/store_status_3.csv")
    assert notes(data) == [
        "store_status_1.csv was not read: it is a link to gone.csv, which is not there.",
        "store_status_2.csv was not read: it is a pipe, not a file.",
        "store_status_3.csv was not read: it is a socket, not a file.",
    ]


def test_a_name_that_is_not_utf8_is_told_of(data: Path):
    (data / os.fsdecode(b"store_status_\xe9.csv")).touch()
    assert notes(data) == ["store_status_?.csv was not read: its name is not UTF-8."]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Menu hours.csv", "menu_hours"),
        ("store status.csv", "store_status"),
        ("store-status.csv.gz", "store_status"),
        ("StoreStatus.parquet", "store_status"),
        ("stores_status.csv", "store_status"),
        ("stores_status_2026-03-02.csv", "store_status"),
        ("timezone.csv", "timezones"),
        ("time_zones.json", "timezones"),
        ("timezone (1).csv", "timezones"),
        ("buisness_hours.csv", "business_hours"),
        ("special hours.xlsx", "special_hours"),
        ("exclusion.csv", "exclusions"),
        ("export_store_status.csv", "store_status"),
        ("Copy of Menu_Hours (2).csv", "menu_hours"),
    ],
)
def test_near_misses_are_told_of(data: Path, name: str, meant: str):
    lay_out(data, name)
    assert found(data) == []
    assert notes(data) == [f"{name} was not read: is it meant as {meant}*.csv?"]


def test_a_folder_can_be_a_near_miss(data: Path):
    lay_out(data, "Store Status/part-0.parquet")
    assert notes(data) == ["Store Status/ was not read: is it meant as store_status*?"]


@pytest.mark.parametrize("name", ["timezone_offsets.csv", "periods.csv", "notes.txt", "_seeds.yml"])
def test_other_files_are_nobodys_business(data: Path, name: str):
    lay_out(data, name)
    assert (found(data), notes(data)) == ([], [])


def test_links_lead_to_files_and_folders(data: Path):
    lay_out(data, "../elsewhere/polls.csv", "../lake/part-0.parquet")
    (data / "store_status.csv").symlink_to("../elsewhere/polls.csv")
    (data / "store_status").symlink_to("../lake")
    (data / "2026-03-02").symlink_to(".")
    assert found(data) == [
        ("store_status", "store_status.csv", "csv"),
        ("store_status", "store_status/part-0.parquet", "parquet"),
    ]


def test_a_folder_below_the_working_directory_has_one_spelling(data: Path):
    lay_out(data, "store_status.csv")
    for spelling in (data, data.absolute(), Path("./data/")):
        assert [file.file for file in find(spelling)[0]] == ["data/store_status.csv"]


def test_a_folder_that_is_not_there_stops(data: Path):
    with pytest.raises(InputError, match=r"there is no folder data/gone\. STORE_UPTIME_DATA names"):
        find(data / "gone")


def test_an_input_without_a_file_stops(data: Path):
    lay_out(data, "store_status.csv", "Menu hours.csv", "timezones.csv")
    files, said = find(data)
    assert str(missing_input(files, said, data)) == (
        "no file business_hours*.csv or menu_hours*.csv (or .parquet, .json, .jsonl, .ndjson; text "
        "also .gz, .zst) in the folder data. Menu hours.csv was not read: is it meant as "
        "menu_hours*.csv? STORE_UPTIME_DATA names the folder with the inputs."
    ).replace("Menu", "data/Menu")
    lay_out(data, "menu_hours.csv")
    assert missing_input(*find(data), data) is None


def test_no_endless_list_of_what_is_not_read(data: Path):
    lay_out(data, *(f"store_status_{number}.xlsx" for number in range(150)))
    said = notes(data)
    assert len(said) == 101
    assert any(re.match("More than 100 files were not read", note) for note in said)


def test_upload_that_was_sent_again_counts_alone(data: Path) -> None:
    """It takes the place of the one before as soon as it is there, in whatever format."""
    landed = "store_status_20260312T181322479220_"
    first, second = f"{landed}{'a' * 64}.1.berlin.csv", f"{landed}{'b' * 64}.2.berlin.parquet"
    # Of the same instant, and each by itself.
    others = [f"{landed}{letter * 64}.csv" for letter in "cd"]
    later = f"store_status_20260312T181322479221_{'a' * 64}.1.paris.csv"
    lay_out(data, first, later)
    assert found(data) == [("store_status", first, "csv"), ("store_status", later, "csv")]
    lay_out(data, second)
    assert [name for _, name, _ in found(data)] == [second, later]
    for path in (data / first, data / second):
        path.unlink()
    lay_out(data, *others)
    assert [name for _, name, _ in found(data)] == [*others, later]
