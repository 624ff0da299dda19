"""One version of a file to rows of the lake, whatever its dialect."""

import bz2
import gzip
import json
import time
import zlib
from pathlib import Path
from typing import Any

import duckdb
import pytest
import zstandard

from loader.errors import InputError, TooSlowError
from loader.inputs import INPUTS
from loader.reading import SourceFile, selects
from tests.loader.reading_rows import CLOCK_US, columns, read, write_parquet

POLLS = "store_id,status,timestamp_utc\n"
NINE, NINE_US = "2026-03-01 09:00:00 UTC", 1772355600000000
POLL = f"A,active,{NINE}\n"
AS_POLL = (True, NINE_US)


def write(folder: Path, content: str | bytes, name: str = "store_status.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def polls_of(path: Path) -> list[tuple[Any, ...]]:
    return columns(read("store_status", path), "line_number", "lines", "store_id", "set_aside_as")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_dialects(tmp_path: Path, delimiter: str, end: str, encoding: str) -> None:
    text = f'{POLLS}"é ""1""",active,{NINE}\nB, INACTIVE ,2026-03-01T09:00Z\n'
    text = text.replace(",", delimiter).replace("\n", end)
    rows = read("store_status", write(tmp_path, text.encode(encoding)))
    assert columns(rows, "line_number", "store_id", "is_active", "polled_us", "raw_values") == [
        (2, 'é "1"', True, NINE_US, None),
        (3, "B", False, NINE_US, None),
    ]


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_names_may_hold_as_many_commas_as_there_are_delimiters(
    tmp_path: Path, delimiter: str
) -> None:
    text = f"store_id{delimiter}Size, m2\nA{delimiter}52,5\n"
    [row] = read("stores", write(tmp_path, text, "stores.csv"))
    assert json.loads(row["attributes"]) == {"size, m2": "52,5"}


def _member(text: bytes, flags: int = 0, extra: bytes = b"", checksum: bool = False) -> bytes:
    packed = zlib.compressobj(wbits=-15)
    head = bytes([0x1F, 0x8B, 8, flags | 2 * checksum, 0, 0, 0, 0, 0, 255]) + extra
    if checksum:
        head += (zlib.crc32(head) & 0xFFFF).to_bytes(2, "little")
    sums = zlib.crc32(text).to_bytes(4, "little") + len(text).to_bytes(4, "little")
    return head + packed.compress(text) + packed.flush() + sums


TEXT = f"{POLLS}{POLL}".encode()


@pytest.mark.parametrize(
    ("ending", "packed"),
    [
        ("csv.gz", gzip.compress(TEXT)),
        ("csv.gz", gzip.compress(TEXT[:20]) + gzip.compress(TEXT[20:])),
        ("csv.gz", gzip.compress(TEXT) + bytes(512)),
        ("csv.gz", _member(TEXT, 16, b"a comment\0")),
        ("csv.gz", _member(TEXT, 8, b"name.csv\0")),
        ("csv.gz", _member(TEXT, 4, b"\x04\0ab\0\0")),
        ("csv.gz", _member(TEXT, checksum=True)),
        ("csv.gz", gzip.compress(TEXT.decode().encode("utf-16"))),
        ("csv.zst", zstandard.compress(TEXT)),
        ("csv.zst", zstandard.compress(TEXT[:20]) + zstandard.compress(TEXT[20:])),
    ],
)
def test_packed(tmp_path: Path, ending: str, packed: bytes) -> None:
    path = write(tmp_path, packed, f"store_status.{ending}")
    assert polls_of(path) == [(2, 1, "A", None)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # A value that is beyond the header, or missing.
        (f"{POLLS}A,active,{NINE},x\n{POLL}", [(2, 1, None, "malformed_row"), (3, 1, "A", None)]),
        (f"{POLLS}A,active\n{POLL}", [(2, 1, None, "malformed_row"), (3, 1, "A", None)]),
        # A delimiter at the end adds nothing.
        (f"{POLLS}A,active,{NINE},\n{POLL}", [(2, 1, "A", None), (3, 1, "A", None)]),
        # Empty lines have numbers.
        (f"{POLLS}\n{POLL}\n\n{POLL}\n", [(3, 1, "A", None), (6, 1, "A", None)]),
        # Line ends that are mixed.
        (
            f"{POLLS}A,active,{NINE}\r\nB,active,{NINE}\rC,active,{NINE},x\n{POLL}",
            [
                (2, 1, "A", None),
                (3, 1, "B", None),
                (4, 1, None, "malformed_row"),
                (5, 1, "A", None),
            ],
        ),
        # An open quote takes its own line only.
        (
            f'{POLLS}{POLL}"A,active,{NINE}\n{POLL * 2}',
            [
                (2, 1, "A", None),
                (3, 1, None, "malformed_row"),
                (4, 1, "A", None),
                (5, 1, "A", None),
            ],
        ),
        (
            f'{POLLS}A,active,{NINE},"\r\n{POLL}{POLL}A,active,{NINE},"\n{POLL}',
            [
                (2, 1, None, "malformed_row"),
                (3, 1, "A", None),
                (4, 1, "A", None),
                (5, 1, None, "malformed_row"),
                (6, 1, "A", None),
            ],
        ),
        # A value of three lines; where it cannot be told, the row says how many lines it spans.
        (f'{POLLS}"a\nb\nc",active,{NINE}\n{POLL}', [(2, 3, "a\nb\nc", None), (5, 1, "A", None)]),
        (
            f'{POLLS}"a\nb\nc"x,active,{NINE}\n{POLL}',
            [(2, 3, None, "malformed_row"), (5, 1, "A", None)],
        ),
        # A quote within a value stands for itself.
        (f'{POLLS}6" pizza,active,{NINE}\n{POLL}', [(2, 1, '6" pizza', None), (3, 1, "A", None)]),
        (f'{POLLS}"b"x,active,{NINE}\n{POLL}', [(2, 1, None, "malformed_row"), (3, 1, "A", None)]),
        # The header once more, also as other files have it.
        (
            f"{POLLS}{POLL}{POLLS}\ufeffStore_ID, STATUS,timestamp_utc\n{POLL}",
            [
                (2, 1, "A", None),
                (3, 1, None, "repeated_header"),
                (4, 1, None, "repeated_header"),
                (5, 1, "A", None),
            ],
        ),
        (f"{POLLS}store_id,active,{NINE}\n", [(2, 1, "store_id", None)]),
        (
            f"{POLLS}A\0,active,{NINE}\n\0\0,,\n",
            [(2, 1, None, "control_characters"), (3, 1, None, "control_characters")],
        ),
    ],
)  # fmt: skip
def test_lines(tmp_path: Path, text: str, expected: list[tuple[Any, ...]]) -> None:
    assert polls_of(write(tmp_path, text)) == expected


def test_lines_that_are_not_utf_8_are_set_aside(tmp_path: Path) -> None:
    path = write(tmp_path, b"store_id,brand\nA,Caf\xe9\nB,Caf\xc3\xa9\n", "stores.csv")
    assert columns(read("stores", path), "store_id", "set_aside_as", "raw_values") == [
        (None, "malformed_row", "A,Caf�"),
        ("B", None, '{"store_id":"B","brand":"Café"}'),
    ]


def test_an_open_quote_does_not_take_the_rest(tmp_path: Path) -> None:
    lines = [POLL] * 601
    lines[5] = f'"{POLL}'
    rows = polls_of(write(tmp_path, POLLS + "".join(lines)))
    assert rows == [
        (line, 1, None, "malformed_row") if line == 7 else (line, 1, "A", None)
        for line in range(2, 603)
    ]


def test_large_files_keep_their_numbers(tmp_path: Path) -> None:
    """Files that are read where they lie, and one of which only some blocks are no rows."""
    lines = [f'"s {number}",active,{NINE}\n' for number in range(60_000)]
    first = write(tmp_path, POLLS + "".join(lines), "store_status_1.csv")
    second = write(tmp_path, POLLS + "".join(lines) + "\n\n", "store_status_2.csv")
    odd = [f"{line}\n" if number % 7_000 == 0 else line for number, line in enumerate(lines)]
    third = write(tmp_path, POLLS + "".join(odd), "store_status_3.csv")
    rows = read("store_status", first, second, third)
    expected = [(key, number + 2, f"s {number}") for key in (1, 2) for number in range(60_000)]
    expected += [
        (3, number + 2 + (number + 6_999) // 7_000, f"s {number}") for number in range(60_000)
    ]
    assert columns(rows, "file_key", "line_number", "store_id") == expected


def test_a_line_of_megabytes_is_set_aside(tmp_path: Path) -> None:
    path = write(tmp_path, f"{POLLS}{POLL}{'x' * 3_000_000},active,{NINE}\n{POLL}")
    rows = read("store_status", path)
    assert columns(rows, "line_number", "store_id") == [(2, "A"), (3, None), (4, "A")]
    assert rows[1]["set_aside_as"] == "malformed_row"
    assert len(rows[1]["raw_values"]) == 10_000


RAW = {"store_id": "A", "status": "active"}


@pytest.mark.parametrize(
    ("poll", "raw"),
    [
        ("A,active,2014-12-31 23:59:59", {**RAW, "timestamp_utc": "2014-12-31 23:59:59"}),
        ("A,active,2027-01-01 00:00:01", {**RAW, "timestamp_utc": "2027-01-01 00:00:01"}),
        ("A,active,now", {**RAW, "timestamp_utc": "now"}),
        (f"A,on,{NINE}", {**RAW, "status": "on", "timestamp_utc": NINE}),
        (f" ,active,{NINE}", {**RAW, "store_id": " ", "timestamp_utc": NINE}),
        (f"A,active,{NINE}", None),
    ],
)
def test_the_text_of_polls_is_kept_where_it_is_needed(
    tmp_path: Path, poll: str, raw: dict[str, str] | None
) -> None:
    [row] = read("store_status", write(tmp_path, f"{POLLS}{poll}\n"))
    assert (row["raw_values"] and json.loads(row["raw_values"])) == raw


IDS = {
    "1.48E+18": (None, "rounded_id"),
    "1.0e+20": (None, "rounded_id"),
    "1480000000000000000.0": (None, "rounded_id"),
    "9007199254740992.0": (None, "rounded_id"),
    "9007199254740991.0": ("9007199254740991", None),
    "257000000000000.0": ("257000000000000", None),
    "12.0": ("12", None),
    "007": ("007", None),
    "1481966498820158979": ("1481966498820158979", None),
    "1e5": ("1e5", None),
}


def _as_csv(folder: Path, number: str) -> Path:
    return write(folder, f"store_id,timezone_str\n{number},UTC\n", "timezones.csv")


def _as_json(folder: Path, number: str) -> Path:
    text = f'[{{"store_id": "{number}", "timezone_str": "UTC"}}]'
    return write(folder, text, "timezones.json")


def _as_parquet(folder: Path, number: str) -> Path:
    return write_parquet(
        folder / "timezones.parquet", f"select '{number}' as store_id, 'UTC' as timezone_str"
    )


@pytest.mark.parametrize("write_id", [_as_csv, _as_json, _as_parquet])
@pytest.mark.parametrize("number", IDS)
def test_ids(tmp_path: Path, write_id: Any, number: str) -> None:
    [row] = read("timezones", write_id(tmp_path, number))
    assert (row["store_id"], row["set_aside_as"]) == IDS[number]
    assert json.loads(row["raw_values"]) == {"store_id": number, "timezone_str": "UTC"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("12::double", ("12", None)),
        ("9007199254740991::double", ("9007199254740991", None)),
        ("9007199254740992::double", (None, "rounded_id")),
        ("1481966498820158979::double", (None, "rounded_id")),
        ("'nan'::double", (None, None)),
        ("12::float", ("12", None)),
        ("123456789::float", (None, "rounded_id")),
        ("1481966498820158979::bigint", ("1481966498820158979", None)),
        ("12345678901234567890::decimal(20, 0)", ("12345678901234567890", None)),
        ("1481966498820158979::decimal(22, 2)", ("1481966498820158979", None)),
        ("1.5::decimal(22, 2)", ("1.50", None)),
        ("'A'::enum ('A', 'B')", ("A", None)),
        ("'Caf\\xC3\\xA9'::blob", ("Café", None)),
        ("'Caf\\xC3'::blob", (None, "malformed_row")),
        ("null::varchar", (None, None)),
        ("chr(0) || 'A'", (None, "control_characters")),
    ],
)
def test_ids_of_each_type_of_parquet(
    tmp_path: Path, value: str, expected: tuple[str | None, str | None]
) -> None:
    path = tmp_path / "timezones.parquet"
    write_parquet(path, f"select {value} as store_id, 'UTC' as timezone_str")
    assert columns(read("timezones", path), "store_id", "set_aside_as") == [expected]


@pytest.mark.parametrize(
    "value",
    [
        f"'{NINE}'",
        "timestamp '2026-03-01 09:00:00'",
        "timestamp_s '2026-03-01 09:00:00'",
        "timestamp_ms '2026-03-01 09:00:00'",
        "timestamp_ns '2026-03-01 09:00:00'",
        "timestamptz '2026-03-01 10:00:00+01'",
        f"'{NINE}'::blob",
    ],
)
def test_instants_of_each_type_of_parquet(tmp_path: Path, value: str) -> None:
    path = tmp_path / "store_status.parquet"
    write_parquet(path, f"select 'A' as store_id, 'active' as status, {value} as timestamp_utc")
    assert columns(read("store_status", path), "is_active", "polled_us") == [AS_POLL]


def test_parquet_files_of_many_schemas_and_names(tmp_path: Path) -> None:
    """Columns called as those in which DuckDB tells the file and the row stand for themselves."""
    folder = tmp_path / "store_id=X" / "status=inactive"
    folder.mkdir(parents=True)
    poll = f"'active' as status, '{NINE}' as timestamp_utc"
    names = "1 as file_index, 'f' as filename, 7 as FILE_ROW_NUMBER"
    paths = [
        write_parquet(folder / "store_status_1.parquet", f"select 'A' as store_id, {poll}"),
        write_parquet(folder / "store_status_2.parquet", f"select {poll}, 'B' as Store_ID"),
        write_parquet(
            folder / "store_status_3.parquet",
            f"select unnest(['C', 'D']) as store_id, {poll}, {names}",
        ),
        write_parquet(folder / "store_status_4.parquet", f"select 'E' as store_id, {poll}"),
        write_parquet(folder / "store_status_5.parquet", f"select 5 as store_id, {poll}"),
    ]
    rows = read("store_status", *paths)
    assert columns(rows, "file_key", "line_number", "store_id", "is_active") == [
        (1, 1, "A", True),
        (2, 1, "B", True),
        (3, 1, "C", True),
        (3, 2, "D", True),
        (4, 1, "E", True),
        (5, 1, "5", True),
    ]


def test_many_parquet_files(tmp_path: Path) -> None:
    paths = [
        write_parquet(
            tmp_path / f"store_status_{number}.parquet",
            f"select '{number}' as store_id, 'active' as status, '{NINE}' as timestamp_utc",
        )
        for number in range(120)
    ]
    rows = read("store_status", *paths)
    assert columns(rows, "file_key", "store_id") == [(n + 1, str(n)) for n in range(120)]


def test_json_lines(tmp_path: Path) -> None:
    text = (
        f'{{"store_id": 1481966498820158979, "status": "active", "timestamp_utc": "{NINE}"}}\n\n'
        '{"store_id": "cut", "stat\n'
        f'{{"STATUS": "inactive", " Timestamp_UTC": "{NINE}", "Store_ID": 12.0, "more": [1]}}\n'
        f'{{"store_id": null, "status": "active", "timestamp_utc": "{NINE}"}}\n'
        "[1]\n"
        f'{{"store_id": 1.48e18, "status": "active", "timestamp_utc": "{NINE}"}}'
    )
    expected = [
        (1, "1481966498820158979", None, True),
        (3, None, "malformed_row", None),
        (4, "12", None, False),
        (5, None, None, True),
        (6, None, "malformed_row", None),
        (7, None, "rounded_id", True),
    ]
    for name, packed in {
        "store_status.json": text.encode(),
        "store_status.jsonl": text.encode("utf-8-sig"),
        "store_status.ndjson.gz": gzip.compress(text.encode()),
        "store_status.jsonl.zst": zstandard.compress(text.encode()),
    }.items():
        rows = read("store_status", write(tmp_path, packed, name))
        found = columns(rows, "line_number", "store_id", "set_aside_as", "is_active")
        assert found == expected, name


def test_json_arrays(tmp_path: Path) -> None:
    stores = [
        {
            "store_id": 1481966498820158979,
            "Brand": "Café",
            "open": True,
            "tags": ["a", {"b": 1.50}],
        },
        7,
        {"brand": None, "Store_ID": "B", "city": "Paris\n20e"},
    ]
    path = write(tmp_path, json.dumps(stores, indent=2), "stores.json")
    rows = read("stores", path)
    assert columns(rows, "line_number", "store_id", "set_aside_as") == [
        (1, "1481966498820158979", None),
        (2, None, "malformed_row"),
        (3, "B", None),
    ]
    assert json.loads(rows[0]["attributes"]) == {
        "brand": "Café",
        "open": "true",
        "tags": '["a",{"b":1.5}]',
        "city": None,
    }
    assert json.loads(rows[2]["attributes"])["city"] == "Paris\n20e"
    assert read("stores", write(tmp_path, "[]", "stores_none.json")) == []


@pytest.mark.parametrize(
    ("start", "between", "end"), [(b"[", b",", b"]"), (b"\n", b"\n", b"\n"), (b"", b",", b"")]
)
def test_objects_that_are_no_text_in_utf_8_are_set_aside(
    tmp_path: Path, start: bytes, between: bytes, end: bytes
) -> None:
    """So that no two stores become one; nor does a list in lists that nobody can go through."""
    stores = [
        b'{"store_id": "Caf\xe9"}',
        b'{"store_id": "A", "\\ud800": 1}',
        b'{"store_id": "B", "x": "\\udc00"}',
        b'{"store_id": "C", "x": ' + b"[" * 900 + b"]" * 900 + b"}",
        b'{"store_id": "\\ud83d\\ude00"}',
        '{"store_id": "Café"}'.encode(),
    ]
    rows = read("stores", write(tmp_path, start + between.join(stores) + end, "stores.json"))
    assert columns(rows, "store_id", "set_aside_as") == [
        *[(None, "malformed_row")] * 4,
        ("😀", None),
        ("Café", None),
    ]
    assert rows[0]["raw_values"] == '{"store_id": "Caf\ufffd"}'


@pytest.mark.parametrize("sign", ["e", "é"])
def test_lists_in_lists_are_set_aside_from_whatever_depth_on(tmp_path: Path, sign: str) -> None:
    deep = (f'{{"store_id": "{sign}", "x": {"[" * n}{"]" * n}}}\n' for n in range(600, 1100))
    text = '{"store_id": "A"}\n' + "".join(deep)
    rows = columns(read("stores", write(tmp_path, text, "stores.jsonl")), "store_id")
    assert rows == [("A",)] + 500 * [(None,)]


def test_hours(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "store_id,day_of_week,start_time_local,end_time_local,valid_from,valid_to\n"
        "A,Tues,9:00 AM,12:00 AM,2026-01-01,\nA,3.0,9:00,24:00,x, \nA,7,9,10:00,,\n",
        "menu_hours.csv",
    )
    names = ("day_of_week", "day_number", "opens_us", "closes_us")
    names += ("valid_from_day", "has_valid_from", "has_valid_to")
    rows = read("business_hours", path)
    nine, ten = 32400000000, 36000000000
    assert columns(rows, *names) == [
        (1, None, nine, 0, 20454, True, False),
        (None, 3, nine, 86400000000, None, True, False),
        (None, 7, None, ten, None, False, False),
    ]
    assert json.loads(rows[1]["raw_values"]) == {
        "store_id": "A",
        "day": "3.0",
        "start_time_local": "9:00",
        "end_time_local": "24:00",
        "valid_from": "x",
        "valid_to": " ",
    }


def test_special_hours(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "store_id,date,closed\nA,2026-11-26,1.0\nA,2026-11-26T00:00:00Z,yes\n"
        "A,2026-11-26 00:00:00+00:00,\nA,26.11.2026,never\n",
        "special_hours.csv",
    )
    rows = read("special_hours", path)
    assert columns(rows, "local_day", "opening", "closed", "is_closed") == [
        (20783, "", "1.0", True),
        (20783, "", "yes", True),
        (20783, "", "", None),
        (None, "", "never", None),
    ]
    typed = write_parquet(
        tmp_path / "special_hours.parquet",
        "select 'A' as store_id, date '2026-11-26' as date, time '09:00' as opens, "
        "time '10:30' as closes, false as closed",
    )
    assert columns(read("special_hours", typed), "local_day", "opens_us", "is_closed") == [
        (20783, 32400000000, False)
    ]


def test_exclusions_and_targets(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        'store_id,from,to,reason\n*,2026-03-01T10:00:00+01:00,x,"two\nlines"\n',
        "exclusions.csv",
    )
    [row] = read("exclusions", path)
    assert (row["store_id"], row["started_us"], row["ended_us"]) == ("*", NINE_US, None)
    assert (row["reason"], row["author"], row["lines"]) == ("two\nlines", None, 2)
    path = write(tmp_path, "Attribute,Target,Period\nall,99.5%, Month \n", "uptime_targets.csv")
    [row] = read("uptime_targets", path)
    assert row["raw_values"] == '{"attribute":"all","ratio":"99.5%","period":" Month "}'
    assert (row["store_id"], row["value"], row["ratio"], row["period"]) == (
        None,
        None,
        "99.5%",
        "Month",
    )


def test_names_of_attributes(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "Store_ID,Brand,i\0d,value,all,City Name,brand,brand_2,given_all,timestamp_utc,\n"
        "A,new,7,v, everything ,Paris,y,z,w,t,\n",
        "stores.csv",
    )
    [row] = read("stores", path)
    assert list(json.loads(row["attributes"]).items()) == [
        ("brand", "new"),
        ("id", "7"),
        ("value", "v"),
        ("given_all", "everything"),
        ("city name", "Paris"),
        ("brand_3", "y"),
        ("brand_2", "z"),
        ("given_given_all", "w"),
        ("timestamp_utc", "t"),
    ]


PACKED = gzip.compress(TEXT)
PARQUET_END = b"\x10\0\0\0PAR1"


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("timezones.csv", b"", "no column store_id in {path}, whose first line is empty."),
        (
            "timezones.csv",
            b"store_id,zone\nA,UTC\n",
            "no column timezone_str in {path}, whose columns are: store_id, zone.",
        ),
        (
            "timezones.csv",
            b"store_id,timezone_str,Store_ID\nA,UTC,B\n",
            "the column store_id comes 2 times in {path}; once is expected.",
        ),
        ("timezones.csv", PACKED, "the file {path} is packed with gzip; call it timezones.csv.gz."),
        (
            "timezones.csv",
            zstandard.compress(TEXT),
            "the file {path} is packed with Zstandard; call it timezones.csv.zst.",
        ),
        ("timezones.csv", b"PK\x03\x04 data.csv", "the file {path} is a zip archive; unpack it."),
        (
            "timezones.csv.gz",
            gzip.compress(PACKED),
            "the file {path} is packed with gzip once more; unpack it.",
        ),
        (
            "timezones.csv.gz",
            zstandard.compress(TEXT),
            "the file {path} is packed with Zstandard; call it timezones.csv.zst.",
        ),
        ("timezones.parquet", PACKED, "the file {path} is packed with gzip; unpack it."),
        (
            "timezones.csv.gz",
            gzip.compress(b"a.csv".ljust(257, b"\0") + b"ustar\x0000" + TEXT.rjust(900, b"\0")),
            "the file {path} is a tar archive; unpack it.",
        ),
        (
            "timezones.csv",
            bytes(5000),
            "the file {path} holds zeros alone; perhaps it was cut off while it was written.",
        ),
        (
            "timezones.csv",
            b"<Error><Code>NoSuchKey</Code></Error>",
            "the file {path} is HTML or XML; write it as CSV.",
        ),
        (
            "timezones.csv",
            b'[\n{"store_id": "A"}]'.replace(b"\n", b""),
            "the file {path} is JSON, and no CSV; its name is to end in .json.",
        ),
        (
            "timezones.json",
            TEXT,
            "the file {path} holds no JSON in UTF-8: none of its rows is an object.",
        ),
        (
            "timezones.csv",
            b"PK\x03\x04 [Content_Types].xml",
            "the file {path} is a workbook of Excel; save it as CSV.",
        ),
        (
            "timezones.csv",
            b"PAR1 \0\0" + PARQUET_END,
            "the file {path} is a Parquet file; call it timezones.parquet.",
        ),
        (
            "timezones.csv",
            b"\n<!DOCTYPE html><html>",
            "the file {path} is a page in HTML, perhaps one that asks to log in; "
            "download the file itself.",
        ),
        (
            "timezones.parquet",
            b"version https://git-lfs.github.com/spec/v1\n",
            "the file {path} is a pointer of Git LFS, not the file itself; "
            "fetch that with `git lfs pull`.",
        ),
        ("timezones.csv", bytes(range(1, 32)) * 9, "the file {path} is no text."),
        ("timezones.csv", b"ORC,x\n", "no column store_id in {path}, whose columns are: orc, x."),
        ("timezones.csv", bz2.compress(TEXT), "the file {path} is packed with bzip2; unpack it."),
        (
            "timezones.csv.gz",
            TEXT,
            "the file {path} is text that is not packed with gzip; call it timezones.csv.",
        ),
        ("timezones.csv.gz", b"", "the file {path} is empty."),
        (
            "timezones.csv.gz",
            PACKED[:-9],
            "the file {path} cannot be read to its end: "
            "it is packed with gzip, and its end is missing.",
        ),
        (
            "timezones.csv.gz",
            PACKED[:-8] + bytes(4) + PACKED[-4:],
            "the file {path} cannot be read to its end: it is not what gzip writes "
            "(Error -3 while decompressing data: incorrect data check).",
        ),
        (
            "timezones.csv.zst",
            zstandard.compress(TEXT)[:-3],
            "the file {path} cannot be read to its end: "
            "it is packed with Zstandard, and its end is missing.",
        ),
        ("timezones.parquet", TEXT, "the file {path} is text, and no Parquet file."),
        ("timezones.parquet", b"", "the file {path} is empty, and no Parquet file."),
        (
            "timezones.parquet",
            b"PAR1 and so on",
            "the file {path} cannot be read to its end: "
            "it is a Parquet file, and its end is missing.",
        ),
        (
            "timezones.parquet",
            b"PAR1" + bytes(40) + PARQUET_END,
            "the file {path} cannot be read to its end: it is a damaged Parquet file.",
        ),
        (
            "timezones.json",
            b'[{"store_id": "A", "timezone_str": "UTC"}, {"store',
            "the file {path} cannot be read to its end: it is JSON, and its end is missing.",
        ),
        (
            "timezones.json",
            b'[{"store_id": "A", "timezone_str": "UTC"} x]',
            "the file {path} cannot be read to its end: "
            "what stands behind the row 1 is not JSON.",
        ),
        (
            "timezones.jsonl",
            b'{"store_id": "A"}',
            "no column timezone_str in {path}, whose columns are: store_id.",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named(
    tmp_path: Path, name: str, content: bytes, sentence: str
) -> None:
    path = write(tmp_path, content, name)
    with pytest.raises(InputError) as raised:
        read("timezones", path)
    assert str(raised.value) == sentence.format(path=path)


@pytest.mark.parametrize(
    "text",
    [
        '{"store_id": "A", "timezone_str": "UTC"}{"store_id": "B", "timezone_str": "UTC"}',
        '{\n "store_id": "A",\n "timezone_str": "UTC"\n}\n{\n "store_id": "B"\n}\n',
        '{"store_id": "A", "timezone_str": "UTC"},\n{"store_id": "B", "timezone_str": "UTC"},\n',
    ],
)
def test_json_objects_behind_one_another(tmp_path: Path, text: str) -> None:
    rows = read("timezones", write(tmp_path, text, "timezones.json"))
    assert columns(rows, "line_number", "store_id", "set_aside_as") == [
        (1, "A", None),
        (2, "B", None),
    ]


def test_files_put_behind_each_other_with_their_marks(tmp_path: Path) -> None:
    part = f"\ufeff{POLLS}{POLL}"
    assert polls_of(write(tmp_path, f"{part}{part}\ufeffB,active,{NINE}\n")) == [
        (2, 1, "A", None),
        (3, 1, None, "repeated_header"),
        (4, 1, "A", None),
        (5, 1, "B", None),
    ]


@pytest.mark.parametrize(
    ("front", "line"),
    [("", 2), ("\n\n", 4), (" \r\n;;;\r\n", 4), ("sep=;\n", 3), ('"sep=;"\r\n\r\n', 4)],
)
@pytest.mark.parametrize("rows", [1, 60_000])
def test_what_stands_in_front_of_the_header(
    tmp_path: Path, front: str, line: int, rows: int
) -> None:
    text = f"{front}store_id;status;timestamp_utc\n" + f"A;active;{NINE}\n" * rows
    found = polls_of(write(tmp_path, text))
    assert (found[0], found[-1]) == (
        (line, 1, "A", None),
        (line + rows - 1, 1, "A", None),
    )


def test_a_separator_that_is_named_holds(tmp_path: Path) -> None:
    text = f"sep=|\nstore_id|status, or so|status|timestamp_utc\nA|,,,,|active|{NINE}\n"
    assert polls_of(write(tmp_path, text)) == [(3, 1, "A", None)]


@pytest.mark.parametrize(
    "names",
    [
        "Store ID,Status,Timestamp UTC",
        "storeId,STATUS,timestampUtc",
        "store-id,status,TIMESTAMP_UTC ",
    ],
)
def test_names_of_columns_as_people_write_them(tmp_path: Path, names: str) -> None:
    text = f"{names}\nA,active,{NINE}\n"
    assert polls_of(write(tmp_path, text)) == [(2, 1, "A", None)]
    row = dict(zip(names.split(","), ["A", "active", NINE], strict=True))
    as_json = write(tmp_path, json.dumps([row]), "store_status.json")
    assert polls_of(as_json) == [(1, 1, "A", None)]
    as_parquet = tmp_path / "store_status.parquet"
    write_parquet(
        as_parquet, "select " + ", ".join(f"'{value}' as \"{name}\"" for name, value in row.items())
    )
    assert polls_of(as_parquet) == [(1, 1, "A", None)]


@pytest.mark.parametrize("mark", ["", "\ufeff"], ids=["", "with_a_mark"])
@pytest.mark.parametrize("rows", [1, 60_000])
def test_names_of_columns_that_a_spreadsheet_breaks_into_lines(
    tmp_path: Path, mark: str, rows: int
) -> None:
    text = f'{mark}"Store\nID";status;"Timestamp\r\nUTC"\n' + f"A;active;{NINE}\n" * rows
    found = polls_of(write(tmp_path, text))
    assert (found[0], found[-1]) == ((4, 1, "A", None), (rows + 3, 1, "A", None))
    stores = write(tmp_path, f'{mark}"Store\nID","Size ""L""\nin m2"\nA,12\n', "stores.csv")
    [(attributes,)] = columns(read("stores", stores), "attributes")
    assert json.loads(attributes) == {"size l in m2": "12"}


def test_a_quote_in_the_header_that_is_not_closed_ends_with_its_line(tmp_path: Path) -> None:
    for names in ('store_id,status,timestamp_utc,"note', 'store_id,status,timestamp_utc,5" wide'):
        text = f'{names}\nA,active,{NINE},"x"\nB,active,{NINE},""\n'
        assert polls_of(write(tmp_path, text)) == [(2, 1, "A", None), (3, 1, "B", None)]


def test_a_name_as_it_is_spelled_goes_before_others(tmp_path: Path) -> None:
    for name, text in {
        "stores.csv": "Store ID,store_id,Area Manager\nlabel,A,Ann\n",
        "stores.json": '[{"Store ID": "label", "store_id": "A", "Area Manager": "Ann"}]',
    }.items():
        rows = read("stores", write(tmp_path, text, name))
        assert columns(rows, "store_id") == [("A",)], name
        assert json.loads(columns(rows, "attributes")[0][0])["area manager"] == "Ann"


def test_a_header_that_is_repeated_with_its_columns_in_another_order(tmp_path: Path) -> None:
    text = f"{POLLS}{POLL}timestamp_utc,store_id,status\n{POLL}"
    assert polls_of(write(tmp_path, text)) == [
        (2, 1, "A", None),
        (3, 1, None, "repeated_header"),
        (4, 1, "A", None),
    ]


def test_a_header_that_is_repeated_in_other_spellings(tmp_path: Path) -> None:
    text = "store_id,dayOfWeek,start_time_local,end_time_local\n"
    path = write(tmp_path, text + text.replace("dayOfWeek", "day"), "business_hours.csv")
    assert columns(read("business_hours", path), "store_id", "set_aside_as") == [
        (None, "repeated_header")
    ]


def test_the_columns_of_another_file_are_shown_without_its_control_characters(
    tmp_path: Path,
) -> None:
    names = ",".join(f"the name of a column {number}\x1b[31m" for number in range(50))
    with pytest.raises(InputError) as raised:
        read("timezones", write(tmp_path, f"{names}\n", "timezones.csv"))
    assert str(raised.value).endswith("column 18[31m, the name of a column 19[31m, ….")
    assert "\x1b" not in str(raised.value)


@pytest.mark.parametrize("name", ["store_status.csv", "store_status.json", "store_status.csv.zst"])
def test_reading_ends_when_its_time_is_over(tmp_path: Path, name: str) -> None:
    content = zstandard.compress(TEXT) if name.endswith("zst") else TEXT
    file = SourceFile(1, write(tmp_path, content, name), name.partition(".")[2], until=0)
    with duckdb.connect() as connection, pytest.raises(TooSlowError):
        selects(connection, INPUTS["store_status"], [file], CLOCK_US)


def test_a_line_of_many_quotes_takes_no_longer_than_another(tmp_path: Path) -> None:
    # To copy what is left of the line for each of its values would take a minute.
    line = '"",' * 300_000
    began = time.process_time()
    assert polls_of(write(tmp_path, f"{POLLS}{POLL}{line}\n{line}\n")) == [
        (2, 1, "A", None),
        (3, 1, None, None),
        (4, 1, None, None),
    ]
    assert time.process_time() - began < 10


def test_json_with_a_name_for_each_row_is_refused_at_once(tmp_path: Path) -> None:
    rows = "".join(f'{{"store_id": "A", "n{number}": 1}}\n' for number in range(100_000))
    with pytest.raises(InputError, match="has more than 1000 columns; no more than that are read"):
        read("stores", write(tmp_path, rows, "stores.jsonl"))
