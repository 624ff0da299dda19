"""The report as a file: each option, written from a release that dbt published."""

import csv
import json
import re
import zipfile
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from api.snapshots import ReportOptions, UnansweredError, write_report

STORES = ["1000000000000000001", "1000000000000000016"]
HISTORIC = datetime(2026, 3, 10, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def release(sample_release: Path) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect(str(sample_release), read_only=True)
    connection.execute("set TimeZone = 'UTC'")
    return connection


def expected(release: duckdb.DuckDBPyConnection, source: str) -> list[tuple]:
    return release.execute(f"from {source} order by store_id").fetchall()


def with_doubles(rows: list[tuple]) -> list[tuple]:
    """Return rows as Parquet has them: what reads it knows little of decimals."""
    return [
        tuple(float(value) if isinstance(value, Decimal) else value for value in row)
        for row in rows
    ]


def test_csv_has_every_store_in_order(release: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    rows = write_report(release, path)
    with path.open(newline="") as file:
        header, *written = list(csv.reader(file))
    assert header[0] == "store_id"
    assert rows == len(written) > 0
    assert [tuple(row) for row in written] == [
        (row[0], *map(str, row[1:])) for row in expected(release, "store_report_minutes")
    ]


def test_mixed_units_are_in_the_header(release: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    write_report(release, path, ReportOptions(units="mixed"))
    assert path.read_text().partition("\n")[0] == (
        "store_id,uptime_last_hour(min),downtime_last_hour(min),uptime_last_day(hours),"
        "downtime_last_day(hours),uptime_last_week(hours),downtime_last_week(hours)"
    )


@pytest.mark.parametrize(("units", "unit"), [("minutes", "min"), ("mixed", "hours")])
def test_all_columns_stand_behind_the_default_ones(
    release: duckdb.DuckDBPyConnection, tmp_path: Path, units: str, unit: str
) -> None:
    default, path = tmp_path / "default.csv", tmp_path / "report.csv"
    write_report(release, default, ReportOptions(units=units))
    write_report(release, path, ReportOptions(units=units, columns="all"))
    with default.open(newline="") as some, path.open(newline="") as file:
        written = list(csv.reader(file))
        assert [row[:7] for row in written] == list(csv.reader(some))
    names = ("unknown", "excluded", "business", "confirmed", "least_uptime", "most_uptime")
    assert written[0][7:] == [
        column
        for period, of in (("last_hour", "min"), ("last_day", unit), ("last_week", unit))
        for column in (
            *(f"{name}_{period}({of})" for name in names),
            *(f"{name}_{period}" for name in ("uptime_ratio", "coverage_ratio", "polls")),
        )
    ]


def shape_of(release: duckdb.DuckDBPyConnection, name: str, periods: str) -> dict[str, object]:
    """Return the row that a shape of the report makes of rows of `period_uptime`."""
    [(view,)] = release.execute(
        "select sql from duckdb_views() where view_name = ? and not internal", [name]
    ).fetchall()
    columns = release.execute("from period_uptime limit 0").description
    with duckdb.connect() as connection:
        connection.execute(f"create table main.period_uptime as {periods}")
        for column, kind, *_ in columns:
            connection.execute(
                f'alter table main.period_uptime add column if not exists "{column}" {kind}'
            )
        connection.execute(view)
        row = connection.execute(f"from main.{name}").fetchone()
        assert row is not None
        return dict(zip((shown[0] for shown in connection.description), row, strict=True))


def test_minutes_have_two_decimals(release: duckdb.DuckDBPyConnection) -> None:
    report = shape_of(
        release,
        "store_report_minutes",
        """
        select 'a' as store_id, * from (values
            ('last_hour', 3600.0::double, 0.0::double),
            ('last_day', 0.000001, 100.0),
            ('last_week', 604799.999999, 0.3)
        ) as periods (period, uptime_seconds, downtime_seconds)
        """,
    )
    assert [str(value) for value in report.values()] == [
        "a", "60.00", "0.00", "0.00", "1.67", "10080.00", "0.01",
    ]  # fmt: skip


def test_all_columns_tell_ratios_and_bounds(release: duckdb.DuckDBPyConnection) -> None:
    # Of 100 h open in a week, 10 h were excluded and 10 h unknown; 60 h were up, 50 confirmed,
    # 20 h down, 10 of them confirmed: 0.75, 50 to 80 h up, 60 of 90 h confirmed.
    report = shape_of(
        release,
        "store_report_mixed_all",
        """
        select
            'a' as store_id, 'last_week' as period,
            360000.0::double as business_seconds, 216000.0::double as uptime_seconds,
            72000.0::double as downtime_seconds, 36000.0::double as unknown_seconds,
            36000.0::double as excluded_seconds, 216000.0::double as confirmed_seconds,
            180000.0::double as uptime_seconds_min, 288000.0::double as uptime_seconds_max,
            0.75::double as uptime_ratio, 0.6666666666::double as coverage_ratio, 150 as polls
        """,
    )
    told = {name: str(value) for name, value in report.items() if value is not None}
    assert told == {
        "store_id": "a",
        "uptime_last_week(hours)": "60.00",
        "downtime_last_week(hours)": "20.00",
        "unknown_last_week(hours)": "10.00",
        "excluded_last_week(hours)": "10.00",
        "business_last_week(hours)": "100.00",
        "confirmed_last_week(hours)": "60.00",
        "least_uptime_last_week(hours)": "50.00",
        "most_uptime_last_week(hours)": "80.00",
        "uptime_ratio_last_week": "0.750000",
        "coverage_ratio_last_week": "0.666667",
        "polls_last_week": "150",
    }


def test_parquet_and_json_have_the_same_rows(
    release: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    rows = expected(release, "store_report_minutes")
    parquet, as_json = tmp_path / "report.parquet", tmp_path / "report.json"
    write_report(release, parquet, ReportOptions(format="parquet"))
    write_report(release, as_json, ReportOptions(format="json"))
    assert repr(duckdb.sql(f"from '{parquet}'").fetchall()) == repr(with_doubles(rows))
    names = [column[0] for column in release.execute("from store_report_minutes").description]
    said = json.loads(as_json.read_text())
    assert [list(row) for row in said] == [names] * len(rows)
    assert [tuple(row.values()) for row in said] == [(row[0], *map(float, row[1:])) for row in rows]


def test_sheet_holds_ids_as_text(release: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "report.xlsx"
    rows = write_report(release, path, ReportOptions(format="xlsx"))
    with zipfile.ZipFile(path) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
    assert sheet.count("<row ") == rows + 1
    assert sheet.count('t="inlineStr"') == rows + 7
    assert "<f>" not in sheet


def test_stores_are_those_asked_for(release: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    assert write_report(release, path, ReportOptions(stores=STORES)) == 2
    written = [line.partition(",")[0] for line in path.read_text().splitlines()[1:]]
    assert written == STORES


def test_historic_report(release: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    path = tmp_path / "report.parquet"
    write_report(release, path, ReportOptions(as_of=HISTORIC, format="parquet"))
    source = "store_report_minutes_as_of(timestamp '2026-03-10 12:00')"
    assert duckdb.sql(f"from '{path}'").fetchall() == with_doubles(expected(release, source))
    assert expected(release, source) != expected(release, "store_report_minutes")

    write_report(release, path, ReportOptions(as_of=HISTORIC, columns="all", format="parquet"))
    source = "store_report_minutes_all_as_of(timestamp '2026-03-10 12:00')"
    assert duckdb.sql(f"from '{path}'").fetchall() == with_doubles(expected(release, source))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (ReportOptions(as_of=datetime(2020, 1, 1, tzinfo=UTC)), "2020-01-01 00:00:00 is outside"),
        (ReportOptions(as_of=datetime(2027, 1, 1, tzinfo=UTC)), "2027-01-01 00:00:00 is outside"),
        (ReportOptions(stores=["=cmd()"]), "There are no stores '=cmd()'."),
    ],
)
def test_what_the_release_cannot_answer_is_said(
    release: duckdb.DuckDBPyConnection, tmp_path: Path, options: ReportOptions, message: str
) -> None:
    with pytest.raises(UnansweredError, match=re.escape(message)):
        write_report(release, tmp_path / "report.csv", options)
    assert list(tmp_path.iterdir()) == []
