"""Files as they come: each row is used or set aside with a reason; what stops a build is said."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from tests.pipeline.conftest import Build
from tests.pipeline.warm_dbt import run_dbt

POLLS = "store_id,status,timestamp_utc\n"
HOURS = "store_id,dayOfWeek,start_time_local,end_time_local\n"
NINE, TEN = "2026-03-01 09:00:00 UTC", "2026-03-01 10:00:00 UTC"

# Each a store that was polled once, and when.
TIMESTAMPS = {
    "2026-03-01 09:00:00": "09:00:00",
    "2026-03-01 09:00:00.1 UTC": "09:00:00.100000",
    "2026-03-01 09:00:00.12 UTC": "09:00:00.120000",
    "2026-03-01T09:00:00.123Z": "09:00:00.123000",
    "2026-03-01T14:30:00.1234+05:30": "09:00:00.123400",
    "2026-03-01 01:00:00.12345-0800": "09:00:00.123450",
    "2026-03-01 09:00:00.123456+00": "09:00:00.123456",
    "2026-03-01 09:00:00.123456789Z": "09:00:00.123456",
    " 2026-03-01 14:30:00 +05:30 ": "09:00:00",
}
NO_TIMESTAMPS = (
    "2026-03-01",
    "2026-03-01 9:00:00 UTC",
    "2026-03-01 09:00:60 UTC",
    "2026-02-29 09:00:00Z",
    '"2026-03-01 09:00:00,5 UTC"',
    "2026-03-01 09:00:00+25:00",
    "2026-03-01 09:00:00+05:60",
    "1772355600",
)
BUILD = ("build", "--exclude-resource-type", "unit_test", "--select")
OPEN_QUOTES = 9
PACKED = gzip.compress(POLLS.encode())
LATE = "to_timestamp(1773355600)"

CSV = {
    "store_status.csv": f"{POLLS}A,active,{TEN}\n",
    "store_status_bom.csv": f"\ufeff{POLLS}bom,active,{NINE}\n",
    "store_status_crlf.csv": f"{POLLS}\ncrlf,active,{NINE}\n\n".replace("\n", "\r\n"),
    "store_status_quoted.csv": '"store_id","status","timestamp_utc"\n'
    f'"a ""b"" c","active","{NINE}"\n"two\nlines","active","{NINE}"\n"behind"x,active,{NINE}\n',
    "store_status_trailing.csv": f"store_id,status,timestamp_utc,\ntrailing,active,{NINE},\n",
    # A comma at the end of a row adds nothing.
    "store_status_rows.csv": f"{POLLS}comma,active,{NINE},\nlong,active,{NINE},x\nshort,active\n",
    "store_status_header.csv": "no,Timestamp_UTC,STATUS, Store_ID \n"
    f"1,{NINE},ACTIVE,other header\n",
    "store_status_comma.csv": '"no, or none",Timestamp_UTC,status,store_id\n'
    f'"1,5",{NINE},active,header with a comma\n',
    "store_status_mixed.csv": f"{POLLS}short,active\nmixed,active,{NINE}\r\nlf,active,{NINE}\n",
    "store_status_mixed.csv.gz": f"{POLLS}cr,active,{NINE}\rmixed and gz,active,{NINE}\n",
    "store_status_semicolons.csv": f"{POLLS}semicolons,active,{NINE}\n".replace(",", ";"),
    "Store_Status_capitals.CSV": f"{POLLS}capitals,active,{NINE}\n",
    "STORE_STATUS_CAPITALS.CSV.GZ": f"{POLLS}capitals and gz,active,{NINE}\n",
    "store_status_no_rows.csv": POLLS.strip(),
    # What stands behind an open quote is one value, in each of many files.
    **{
        f"store_status_open_{number}.csv": f'{POLLS}A,active,{TEN}\n"\nA,active,{TEN}\n'
        for number in range(OPEN_QUOTES)
    },
    "store_status_bom.csv.gz": f"\ufeff{POLLS}bom and gz,active,{NINE}\n",
    "store_status it's [odd] {{ 1 }} %d ü渋.csv": f"{POLLS}{{{{ 1 }}}},active,{NINE}\n",
    "store_status_timestamps.csv": POLLS
    + "".join(f"at {number},active,{text}\n" for number, text in enumerate(TIMESTAMPS))
    + "".join(f"A,active,{text}\n" for text in NO_TIMESTAMPS),
    "business_hours.csv": f"{HOURS}A,0,9:00,24:00\nA,0.5,09:00,10:00\nA, 1 ,09:00,23:59:59\n"
    "A,2,24:00,10:00\nA,3,09:00\nA,4,09:00:00,10:00:00,extra\n",
    "menu_hours.csv": "day,store_id,end_time_local,start_time_local\n5.0,A,12:00,11:00\n",
    "timezones.csv": "timezone_str,Store_Id\nUTC,A\nUTC\n",
    "stores.csv": "Store_ID,Brand,i\0d,value,all,City Name,brand,store_of_group,stores,brand_2,\n"
    "A,old,7,v,everything,Paris,y,s,o,z,\nA,new,7,v,everything,Paris,y,s,o,z,\nnowhere,new,,,,,,,,,\n,new,,,,,,,,,\n",
    "uptime_targets.csv": "Attribute,Value,Target,Period\n"
    "brand,new,99.5%,Month\nid,7,0.9\u00a0,year\n"
    'city name,Paris,"0,9",day\nvalue,v,0.9,fortnight\nbrand,old,0.9,day\n',
    "exclusions.csv": "store_id,from,to,reason\n"
    '*,2026-02-28T10:00:00+01:00,2026-02-28 10:00,"two\nlines"\n'
    "A,2026-03-01,2026-03-02,\nA,2026-03-01 12:00\n",
    "special_hours.csv": "store_id,date,closed\n"
    "A,2026-02-28,closed\n*,1.3.2026,yes\nA,2026-03-01,no\n",
}
PARQUET = {
    "store_status_integer.parquet": "1234567890123456789 as store_id, 'active' as status, "
    "timestamp '2026-03-01 09:00:00' as timestamp_utc",
    "store_status_decimal.parquet": "12345678901234567890::decimal(20, 0) as STORE_ID, "
    "'active' as status, timestamptz '2026-03-01 09:00:00+00' as timestamp_utc",
    "store_status_null.Parquet": "null::varchar as store_id, null::varchar as status, "
    "timestamp_s '2026-03-01 09:00:00' as timestamp_utc",
    # DuckDB tells the file and the row of each value in columns that it calls so.
    **{
        f"store_status_numbered_{number}.parquet": "'A' as store_id, 'on' as status, "
        "timestamp '2026-03-01 09:00:00' as timestamp_utc, 7 as file_index, 8 as FILE_ROW_NUMBER"
        for number in range(2)
    },
    "business_hours_typed.parquet": "'B' as store_id, 6::tinyint as day, "
    "time '09:00' as start_time_local, time '10:30' as end_time_local, "
    "date '2026-01-01' as valid_from, null::date as valid_to",
    "stores_typed.parquet": """'B' as store_id, 'q' as "a""b", 2 as "Brand ", 'w' as given_all""",
}
# The line on which a row starts: a value may span two.
REJECTED = [
    ("business_hours.csv", 3, "bad_day"),
    ("business_hours.csv", 5, "bad_time"),
    ("business_hours.csv", 6, "malformed_row"),
    ("business_hours.csv", 7, "malformed_row"),
    ("exclusions.csv", 4, "bad_timestamp"),
    ("exclusions.csv", 5, "malformed_row"),
    ("special_hours.csv", 3, "bad_date"),
    ("special_hours.csv", 4, "bad_time"),
    ("store_status_mixed.csv", 2, "malformed_row"),
    ("store_status_null.Parquet", 1, "missing_store_id"),
    *((f"store_status_numbered_{number}.parquet", 1, "unknown_status") for number in range(2)),
    *((f"store_status_open_{number}.csv", 3, "malformed_row") for number in range(OPEN_QUOTES)),
    ("store_status_quoted.csv", 5, "malformed_row"),
    ("store_status_rows.csv", 3, "malformed_row"),
    ("store_status_rows.csv", 4, "malformed_row"),
    *(
        ("store_status_timestamps.csv", 2 + len(TIMESTAMPS) + number, "bad_timestamp")
        for number in range(len(NO_TIMESTAMPS))
    ),
    ("stores.csv", 2, "repeated_store"),
    ("stores.csv", 4, "unknown_store"),
    ("stores.csv", 5, "missing_store_id"),
    ("timezones.csv", 3, "malformed_row"),
    ("uptime_targets.csv", 4, "bad_ratio"),
    ("uptime_targets.csv", 5, "bad_period"),
    ("uptime_targets.csv", 6, "unknown_group"),
]

Query = Callable[[str], list[tuple]]


@pytest.fixture(scope="module")
def query(build: Build, tmp_path_factory: pytest.TempPathFactory) -> Query:
    """Build on all of the files, and offer to ask the warehouse."""
    folder = tmp_path_factory.mktemp("dirty [1] 'x'")
    for name, text in CSV.items():
        is_packed = name.lower().endswith(".gz")
        content = text.encode()
        (folder / name).write_bytes(gzip.compress(content) if is_packed else content)
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        for name, columns in PARQUET.items():
            connection.execute(f"copy (select {columns}) to $path", {"path": str(folder / name)})
    warehouse = build(folder)

    def ask(sql: str) -> list[tuple]:
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            return connection.execute(sql).fetchall()

    return ask


def test_what_cannot_be_understood_is_set_aside_with_its_line_and_reason(query: Query) -> None:
    found = query(
        "select parse_filename(file), line_number, reason from rejected_rows order by all"
    )
    assert found == sorted(REJECTED)


def test_all_else_is_used(query: Query) -> None:
    found = dict(query("select store_id, strftime(first_polled_at, '%H:%M:%S.%f') from stores"))
    used = ("bom", "bom and gz", "crlf", 'a "b" c', "two\nlines", "trailing", "comma")
    used += ("other header", "header with a comma", "mixed", "lf", "cr", "mixed and gz")
    used += ("semicolons", "capitals", "capitals and gz")
    used += ("{{ 1 }}", "1234567890123456789", "12345678901234567890")
    expected = dict.fromkeys(used, "09:00:00.000000")
    for number, time in enumerate(TIMESTAMPS.values()):
        expected[f"at {number}"] = time if "." in time else f"{time}.000000"
    assert found == {**expected, "A": "10:00:00.000000", "B": None}


def test_hours_of_both_names_and_of_every_type_are_united(query: Query) -> None:
    found = query(
        """
        select store_id, opens_on_day, cast(opens_at as varchar), hours_open
        from weekly_hours
        where store_id in ('A', 'B')
        order by all
        """
    )
    assert found == [
        ("A", 0, "09:00:00", 15.0),
        ("A", 1, "09:00:00", 15.0),
        ("A", 5, "11:00:00", 1.0),
        ("B", 6, "09:00:00", 1.5),
    ]


def test_attributes_may_have_any_name(query: Query) -> None:
    found = query("select attribute, value from store_groups where store_id = 'A' order by all")
    assert found == [
        ('a"b', None),
        ("all", None),
        ("brand", "new"),
        ("brand_2", "z"),
        ("brand_3", "y"),
        ("city name", "Paris"),
        ("given_all", "everything"),
        ("given_given_all", None),
        ("given_store_of_group", "s"),
        ("id", "7"),
        ("store_id", "A"),
        ("stores", "o"),
        ("timezone", "UTC"),
        ("value", "v"),
    ]
    assert query("""select "a""b", brand from stores where store_id = 'B'""") == [("q", "2")]
    [(repeated,)] = query("select raw_values from rejected_rows where reason = 'repeated_store'")
    assert json.loads(repeated) == {
        "store_id": "A",
        "brand": "old",
        "id": "7",
        "value": "v",
        "given_all": "everything",
        "city name": "Paris",
        "brand_3": "y",
        "given_store_of_group": "s",
        "stores": "o",
        "brand_2": "z",
    }
    targets = query("select attribute, value, target_ratio from target_attainment order by all")
    assert set(targets) == {("brand", "new", 0.995), ("id", "7", 0.9)}


@pytest.mark.parametrize(
    ("files", "variables", "sentence"),
    [
        (
            {"exclusions.csv": b""},
            {},
            "no column store_id in {folder}/exclusions.csv, whose first line is empty.",
        ),
        (
            {"store_status_cut.csv.gz": PACKED[:-9]},
            {},
            "the file {folder}/store_status_cut.csv.gz cannot be read to its end: "
            "it is packed with gzip, and its end is missing.",
        ),
        (
            {"timezones_changed.csv.gz": PACKED[:-8] + bytes(4) + PACKED[-4:]},
            {},
            "the file {folder}/timezones_changed.csv.gz cannot be read to its end: it is not what "
            "gzip writes (Error -3 while decompressing data: incorrect data check).",
        ),
        (
            {"timezones_twice.csv": b"store_id,timezone_str,Store_ID\nA,UTC,B\n"},
            {},
            "the column store_id comes 2 times in {folder}/timezones_twice.csv; once is expected.",
        ),
        (
            {"store_status.csv": f"{POLLS}1.48E+18,active,{NINE}\n".encode()},
            {},
            "no poll is valid (1 rounded_id); name the instant to look back from with the var "
            "as_of.",
        ),
        (
            {},
            {"as_of": "2014-12-31 23:59:59"},
            'the var as_of is "2014-12-31 23:59:59", before 2015, from when on polls count.',
        ),
        (
            {},
            {"max_poll_gap": float("inf")},
            'the var max_poll_gap is "inf"; it takes a number of hours above 0 and below 1000000, '
            "or null.",
        ),
        (
            {},
            {"max_poll_gap": float("nan")},
            'the var max_poll_gap is "nan"; it takes a number of hours above 0 and below 1000000, '
            "or null.",
        ),
        (
            {},
            {"max_pol_gap": "3"},
            "there is no var max_pol_gap; there are as_of, default_timezone, "
            "closes_at_midnight_from, monday_is, status_before_first_poll, "
            "status_when_never_polled, max_poll_gap, exclusions.",
        ),
    ],
)
def test_what_stops_a_build_is_said_in_a_sentence(
    tmp_path: Path, files: dict[str, bytes], variables: dict[str, Any], sentence: str
) -> None:
    is_built, output = _run_dbt(tmp_path, files, "build", "--vars", yaml.safe_dump(variables))
    assert not is_built
    assert f"Store Uptime: {sentence.format(folder=tmp_path)}" in output
    assert "Traceback" not in output


def test_files_that_are_called_like_inputs_and_not_read_are_named(tmp_path: Path) -> None:
    files = dict.fromkeys(("store_status_2.xlsx", "Timezones.csv.zip", "notes.csv"), b"")
    is_built, output = _run_dbt(tmp_path, files, *BUILD, "+input_notes")
    assert is_built, output
    with duckdb.connect(str(tmp_path / "store_uptime.duckdb"), read_only=True) as connection:
        notes = connection.execute("""
            select parse_filename(file), kind, is_told from input_notes
            where file is not null or starts_with(note, '0 of ')
            order by all
        """).fetchall()
    assert notes == [
        ("Timezones.csv.zip", "not_read", True),
        ("store_status_2.xlsx", "not_read", True),
    ]


def _run_dbt(
    folder: Path, files: dict[str, bytes], *options: str, memory_limit: str = ""
) -> tuple[bool, str]:
    """Run dbt on the inputs that are needed and these files, all in the folder."""
    for name in ("store_status.csv", "business_hours.csv", "timezones.csv"):
        (folder / name).write_text(CSV[name])
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return run_dbt(
        options,
        {
            "STORE_UPTIME_DATA": str(folder),
            "STORE_UPTIME_DB": str(folder / "store_uptime.duckdb"),
            "STORE_UPTIME_MEMORY_LIMIT": memory_limit,
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
        },
    )


def test_rows_of_many_files_keep_their_numbers_in_little_memory(tmp_path: Path) -> None:
    """Files with a bad row each, behind 600,000 rows; DuckDB reads those with odd quotes apart."""
    row = f"A,active,{TEN}\n"
    files = {"store_status_0.csv": (POLLS + row * 600_000).encode()}
    expected = []
    for number in range(130):
        for quotes, store in (("even", '"C"'), ("odd", 'C"')):
            name = f"store_status_{quotes}_{number}.csv"
            rows = f"{store},active,{TEN}\n{row * (number % 3)}B,paused,{TEN}\n"
            files[name] = (POLLS + rows).encode()
            expected.append((name, 3 + number % 3))

    options = (*BUILD, "+rejected_rows", "+int_polls")
    is_built, output = _run_dbt(tmp_path, files, *options, memory_limit="400MB")

    assert is_built, output
    with duckdb.connect(str(tmp_path / "store_uptime.duckdb"), read_only=True) as connection:
        rejected = connection.execute("""
            select parse_filename(file), line_number from rejected_rows
            where reason = 'unknown_status'
            order by all
        """).fetchall()
        polls = connection.execute("""
            select store_id, count(*)
            from intermediate.int_polls
            inner join intermediate.int_store_keys using (store_key)
            where is_active
            group by all
            order by all
        """).fetchall()
    assert rejected == sorted(expected)
    assert polls == [("A", 600_259), ("C", 130), ('C"', 130)]


def test_a_store_that_shows_up_late_is_found_all_the_same(build: Build, tmp_path: Path) -> None:
    """Behind a million polls: store `late` in two spellings, another one of A, and no store."""
    data = tmp_path / "data"
    data.mkdir()
    (data / "business_hours.csv").write_text(f"{HOURS}A,0,09:00,17:00\n")
    (data / "timezones.csv").write_text("store_id,timezone_str\n")
    with duckdb.connect() as connection:
        connection.execute(f"""
            copy (
                select
                    'A' as store_id,
                    'active' as status,
                    to_timestamp(1772355600 + i) as timestamp_utc
                from range(1000000) as polls (i)
                union all
                select unnest(['late', ' late', ' A ', ' ', null]), 'inactive', {LATE}
            ) to '{data / "store_status_1.parquet"}';
            copy (
                select 'B' as store_id, 'active' as status, {LATE} as timestamp_utc
            ) to '{data / "store_status_2.parquet"}'
        """)

    warehouse = build(data, "stores", "rejected_rows")

    with duckdb.connect(str(warehouse), read_only=True) as connection:
        polls = connection.execute("""
            select store_id, count(*)
            from intermediate.int_polls
            left join intermediate.int_store_keys using (store_key)
            group by all
            order by all
        """).fetchall()
        rejected = connection.execute("select reason, line_number from rejected_rows").fetchall()
        last = connection.execute(
            "select store_id, last_status from stores order by all"
        ).fetchall()
    assert polls == [("A", 1_000_001), ("B", 1), ("late", 2)]
    assert last == [("A", "inactive"), ("B", "active"), ("late", "inactive")]
    assert rejected == [("missing_store_id", 1_000_004), ("missing_store_id", 1_000_005)]


def test_names_of_files_and_folders_are_no_patterns(build: Build, tmp_path: Path) -> None:
    data = tmp_path / "a[1]"
    for folder, store in ((data, "A"), (tmp_path / "a1", "B")):
        folder.mkdir()
        (folder / "business_hours.csv").write_text(f"{HOURS}{store},0,09:00,17:00\n")
        (folder / "timezones.csv").write_text("store_id,timezone_str\n")
        (folder / "store_status_1.csv").write_text(f"{POLLS}{store},active,{TEN}\n")
    for number, name in enumerate(("[12].csv", "?.csv", "*.csv")):
        (data / f"store_status_{name}").write_text(f"{POLLS}{number},active,{TEN}\n")
    with duckdb.connect() as connection:
        for name, store in (("1", "P"), ("[1]", "Q")):
            connection.execute(f"""
                copy (select '{store}' as store_id, 'active' as status, '{TEN}' as timestamp_utc)
                to '{data}/store_status_{name}.parquet'
            """)

    warehouse = build(data, "stores")

    with duckdb.connect(str(warehouse), read_only=True) as connection:
        stores = connection.execute("select store_id from stores order by all").fetchall()
    assert [store for (store,) in stores] == ["0", "1", "2", "A", "P", "Q"]


def test_a_release_knows_from_when_on_a_poll_of_the_future_counts(sample_release: Path) -> None:
    """A poll of the sample is dated 2036-03-12 18:13:22.47922; a clock may be wrong by a day."""
    with duckdb.connect(str(sample_release), read_only=True) as connection:
        counts_from = connection.execute(
            """
            select parse_filename(file), make_timestamp(counts_from_us)::varchar
            from input_files
            where counts_from_us is not null
            """
        ).fetchall()
    assert counts_from == [("store_status.csv", "2036-03-11 18:13:22.47922")]


def test_special_hours_make_no_weekly_hours(build: Build, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "store_status.csv").write_text(f"{POLLS}A,active,{NINE}\nB,active,{TEN}\n")
    (data / "business_hours.csv").write_text(f"{HOURS}B,0,09:00,17:00\n")
    (data / "timezones.csv").write_text("store_id,timezone_str\n")
    (data / "special_hours.csv").write_text("store_id,date,closed\n*,2026-12-25,yes\n")

    with duckdb.connect(str(build(data, "stores")), read_only=True) as connection:
        stores = connection.execute("select store_id, is_always_open from stores").fetchall()

    assert stores == [("A", True), ("B", False)]


def test_a_chain_without_business_time_has_a_report(build: Build, tmp_path: Path) -> None:
    """The hours of its one store ended two weeks before the first poll."""
    (tmp_path / "store_status.csv").write_text(f"{POLLS}a,active,{NINE}\n")
    (tmp_path / "business_hours.csv").write_text(
        f"{HOURS.strip()},valid_to\na,0,09:00,17:00,2026-02-15\n"
    )
    (tmp_path / "timezones.csv").write_text("store_id,timezone_str\n")
    with duckdb.connect(str(build(tmp_path)), read_only=True) as connection:
        rows = connection.execute(
            "select store_id, uptime_last_week_hours, unknown_last_week_hours from store_report"
        ).fetchall()
    assert rows == [("a", 0, 0)]


def test_the_first_week_of_2015_has_its_business_time(build: Build, tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "store_status.csv").write_text(f"{POLLS}A,active,2015-01-01 00:00:00 UTC\n")
    (data / "business_hours.csv").write_text(
        HOURS + "".join(f"A,{day},00:00,23:00\n" for day in range(7))
    )
    (data / "timezones.csv").write_text("store_id,timezone_str\n")

    with duckdb.connect(str(build(data, "period_uptime")), read_only=True) as connection:
        [(hours,)] = connection.execute("""
            select business_seconds / 3600 from period_uptime where period = 'last_week'
        """).fetchall()

    assert hours == 7 * 23
