"""A report's file is there as a whole or not at all."""

import csv
import html
import os
import re
import zipfile
from pathlib import Path

import duckdb
import pytest

from api.releases import attach
from api.settings import Settings
from api.snapshots import ReportOptions, copy_report, is_report, remove_abandoned, write_report
from tests.api.conftest import LONG_AGO
from tests.api.fakes import csv_of, polls_of, publish

REPORT_ID = "0b6f6a1e-6c55-4d0e-9d0b-2f9b1e0c7a11"


def test_csv_has_the_header_and_the_stores_in_order(settings: Settings):
    (settings.data / "store_status.csv").write_text(polls_of("b", "10", "9", "a"))
    path = settings.output / "store_report.csv"
    with attach(publish(settings)) as connection:
        assert write_report(connection, path) == 4
    assert path.read_text() == csv_of("10", "9", "a", "b")
    assert os.listdir(settings.output) == ["store_report.csv"]


@pytest.mark.parametrize(
    ("store_id", "in_csv"),
    [
        ("=cmd()", "'=cmd()"),
        ("+1+cmd|' /C calc'!A0", "'+1+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=cmd()", "'\t=cmd()"),
        ("\r=cmd()", "'\r=cmd()"),
        ("'=cmd()", "''=cmd()"),
        ("-5", "-5"),
        ("+4930123", "+4930123"),
        ("'; drop table x; --", "'; drop table x; --"),
        ("a=b", "a=b"),
        ('say "hi", ünï ☃', 'say "hi", ünï ☃'),
        ("../../etc/passwd", "../../etc/passwd"),
        ("%20?&/\\", "%20?&/\\"),
        ("x" * 1000, "x" * 1000),
        ("007", "007"),
    ],
)
def test_no_format_runs_an_id(settings: Settings, store_id: str, in_csv: str):
    path = publish(settings)
    with duckdb.connect(path) as writer:
        writer.execute("update store_report_minutes set store_id = ?", [store_id])
    found: dict[str, str] = {}
    with attach(path) as connection:
        for kind in ("csv", "json", "parquet", "xlsx"):
            file = settings.output / f"report.{kind}"
            options = ReportOptions(format=kind, stores=[store_id])
            assert write_report(connection, file, options) == 1
            if kind == "csv":
                with file.open(newline="") as lines:
                    found[kind] = list(csv.reader(lines))[1][0]
            elif kind == "xlsx":
                sheet = zipfile.ZipFile(file).read("xl/worksheets/sheet1.xml").decode()
                assert "<f>" not in sheet
                cell = re.search('<c r="A2" t="inlineStr"><is><t.*?>(.*?)</t>', sheet, re.DOTALL)
                assert cell
                found[kind] = html.unescape(cell[1]).replace("_x000D_", "\r")
            else:
                read = f"select store_id from read_{kind}('{file}')"
                [(found[kind],)] = duckdb.sql(read).fetchall()
    assert found == {"csv": in_csv, "json": store_id, "parquet": store_id, "xlsx": store_id}


def test_csv_is_in_the_order_of_the_ids(settings: Settings):
    (settings.data / "store_status.csv").write_text(polls_of("a", "=b", "+c", "0"))
    path = settings.output / "store_report.csv"
    with attach(publish(settings)) as connection:
        write_report(connection, path)
    assert path.read_text() == csv_of("'+c", "0", "'=b", "a")


def test_failed_snapshot_leaves_the_last_report_and_nothing_else(settings: Settings):
    path = settings.output / "store_report.csv"
    path.write_text("the last report")
    with duckdb.connect() as connection:
        # The first rows are written before the error comes up.
        connection.execute(
            """
            create view store_report_minutes as
            select
                range::varchar as store_id,
                if(range = 900000, error('broken'), 1) as minutes
            from range(1000000)
            """
        )
        with pytest.raises(duckdb.Error, match="broken"):
            write_report(connection, path)
    assert path.read_text() == "the last report"
    assert os.listdir(settings.output) == ["store_report.csv"]


@pytest.mark.parametrize(
    ("options", "source"),
    [
        ({}, "minutes"),
        ({"columns": "all"}, "minutes_all"),
        ({"columns": "all", "units": "mixed"}, "mixed_all"),
        ({"columns": "all", "as_of": "2026-03-10T12:00:00Z"}, "minutes_all_as_of 2026-03-10"),
    ],
)
def test_options_choose_the_columns(settings: Settings, options: dict[str, str], source: str):
    path = settings.output / "store_report.csv"
    with duckdb.connect() as connection:
        connection.execute(
            """
            create table stores as select timestamp '2026-01-01' as first_polled_at;
            create schema intermediate;
            create table intermediate.int_horizon as
            select epoch_us(timestamp '2026-04-01') as ahead_until_us;
            create macro store_report_minutes_all_as_of(instant) as table
                select 'minutes_all_as_of ' || cast(instant as date) as store_id
            """
        )
        for name in ("minutes", "minutes_all", "mixed_all"):
            connection.execute(f"create view store_report_{name} as select '{name}' as store_id")
        write_report(connection, path, ReportOptions(**options))
    assert path.read_text() == f"store_id\n{source}\n"


def test_what_is_not_known_is_an_empty_cell_of_the_sheet(settings: Settings):
    path = settings.output / "store_report.xlsx"
    with duckdb.connect() as connection:
        connection.execute(
            "create view store_report_minutes as select 'a' as store_id, null as ratio, 2 as polls"
        )
        write_report(connection, path, ReportOptions(format="xlsx"))
    with zipfile.ZipFile(path) as book:
        [row] = re.findall(r'<row r="2".*?</row>', book.read("xl/worksheets/sheet1.xml").decode())
    assert re.findall(r'<c r="([A-Z]+)2"', row) == ["A", "C"]


def test_copy_is_the_same(settings: Settings):
    source = settings.output / "a.csv"
    source.write_text(csv_of("a"))
    copy_report(source, settings.output / "b.csv")
    assert (settings.output / "b.csv").read_text() == csv_of("a")
    assert sorted(os.listdir(settings.output)) == ["a.csv", "b.csv"]


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("store_report.csv", True),
        (f"{REPORT_ID}.csv", True),
        (f"{REPORT_ID.upper()}.csv", False),
        (f"{REPORT_ID}.csv\n", False),
        (f"{REPORT_ID}.csv.tmp", False),
        (f".{REPORT_ID}.csv.12.tmp", False),
        (f"../{REPORT_ID}.csv", False),
        (REPORT_ID, False),
        ("reports.sqlite", False),
        ("other.csv", False),
        ("", False),
    ],
)
def test_names_of_reports(name: str, is_one: bool):
    assert is_report(name) == is_one


def test_only_abandoned_files_are_removed(settings: Settings):
    def unfinished(name: str, at: float | None = None) -> Path:
        path = settings.output / name
        path.touch()
        os.utime(path, None if at is None else (at, at))
        return path

    abandoned = unfinished(f".{REPORT_ID}.csv.12.tmp", LONG_AGO)
    in_use = unfinished(".store_report.csv.13.tmp")
    report = unfinished(f"{REPORT_ID}.csv", LONG_AGO)
    remove_abandoned(settings.output)
    assert [path.exists() for path in (abandoned, in_use, report)] == [False, True, True]
