"""The sample inputs in `seeds/` are what their generator writes, and hold every odd case."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.generate.sample import STORES, seed_files

SEEDS = Path(__file__).parents[2] / "seeds"


@pytest.fixture(scope="module")
def sample() -> Iterator[duckdb.DuckDBPyConnection]:
    """Offer the files as text, in a view each; an empty field is null."""
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        for view, columns, name in [
            ("polls", "store_id, status, stamp", "store_status"),
            ("hours", "store_id, day, opens, closes", "business_hours"),
            ("zones", "store_id, zone", "timezones"),
            ("special", "store_id, date, opens, closes, closed", "special_hours"),
            ("excluded", "store_id, begins, ends, reason, author", "exclusions"),
            (
                "spring",
                "store_id, day, opens, closes, valid_from, valid_to",
                "business_hours_spring",
            ),
            ("attributes", "store_id, brand, region", "stores"),
            ("targets", "attribute, value, ratio, period", "uptime_targets"),
        ]:
            connection.execute(
                f"create view {view} ({columns}) as "
                f"from read_csv('{SEEDS / name}.csv', header = true, all_varchar = true)"
            )
        connection.execute(
            """
            create view valid_polls as
            select store_id, lower(trim(status)) as status, polled_at, stamp
            from (select *, try_cast(stamp as timestamptz) as polled_at from polls)
            where
                store_id is not null
                and lower(trim(status)) in ('active', 'inactive')
                and polled_at between '2015-01-01' and '2036-01-01'
            """
        )
        yield connection


# What is asked for, and the query that finds it.
ODD_CASES = {
    # Hours.
    "overnight hours in one row": """
        from hours where opens = '22:00:00' and closes = '02:00:00'
    """,
    "overnight hours in two rows, with a seam of a second": """
        from hours as evening join hours as night using (store_id)
        where
            evening.opens > '12:00:00' and evening.closes = '23:59:59'
            and night.opens = '00:00:00' and night.closes < '12:00:00'
            and try_cast(night.day as int) = (try_cast(evening.day as int) + 1) % 7
    """,
    "overnight hours in two rows, with a seam of a minute": """
        from hours as evening join hours as night using (store_id)
        where
            evening.opens > '12:00:00' and evening.closes = '23:59:00'
            and night.opens = '00:00:00' and night.closes < '12:00:00'
            and try_cast(night.day as int) = (try_cast(evening.day as int) + 1) % 7
    """,
    "several windows a day": """
        select store_id from hours as one join hours as other using (store_id, day)
        where one.opens < one.closes and one.closes < other.opens and other.opens < other.closes
        group by store_id, day having count(*) >= 3
    """,
    "a window of a few minutes": """
        from hours where opens = '00:00:00' and closes between '00:01:00' and '00:10:00'
    """,
    "overlapping windows": """
        from hours as one join hours as other using (store_id, day)
        where one.opens < other.opens and other.opens < one.closes and one.closes < other.closes
    """,
    "touching windows": """
        from hours as one join hours as other using (store_id, day)
        where one.opens < one.closes and one.closes = other.opens and other.opens < other.closes
    """,
    "opens in the hour that a US zone skips on Sunday 2026-03-08": """
        from hours join zones using (store_id)
        where zone = 'America/New_York' and day = '6' and opens = '02:30:00'
    """,
    "closes in the hour that a US zone skips on Sunday 2026-03-08": """
        from hours join zones using (store_id)
        where zone = 'America/Chicago' and day = '5' and opens > closes and closes = '02:30:00'
    """,
    "open 24 hours by equal times": "from hours where opens = closes",
    "open from midnight to 23:59:00": """
        from hours where opens = '00:00:00' and closes = '23:59:00'
    """,
    "open from midnight to 23:59:59": """
        from hours where opens = '00:00:00' and closes = '23:59:59'
    """,
    "a weekday without a row": """
        from valid_polls semi join (
            select store_id from hours group by store_id having count(distinct day) = 6
        ) using (store_id)
    """,
    # In some of the files only.
    "no hours": """
        from valid_polls semi join zones using (store_id) anti join hours using (store_id)
    """,
    "no zone": """
        from valid_polls semi join hours using (store_id) anti join zones using (store_id)
    """,
    "neither hours nor zone": """
        from valid_polls anti join hours using (store_id) anti join zones using (store_id)
    """,
    "never polled": """
        from hours semi join zones using (store_id) anti join polls using (store_id)
        where store_id is not null
    """,
    "only in business_hours": """
        from hours anti join zones using (store_id) anti join polls using (store_id)
        where store_id is not null
    """,
    "only in timezones": """
        from zones anti join hours using (store_id) anti join polls using (store_id)
        where store_id is not null
    """,
    # Polls.
    "the same poll twice": """
        select store_id from polls
        where store_id is not null
        group by store_id, status, stamp having count(*) > 1
    """,
    "the same hours twice": """
        select store_id from hours
        where store_id is not null
        group by store_id, day, opens, closes having count(*) > 1
    """,
    "the same zone twice": """
        select store_id from zones
        where store_id is not null
        group by store_id, zone having count(*) > 1
    """,
    "contradiction, active first": """
        select store_id from (select *, row_number() over () as line from polls)
        where store_id is not null
        group by store_id, stamp
        having arg_min(status, line) = 'active' and arg_max(status, line) = 'inactive'
    """,
    "contradiction, inactive first": """
        select store_id from (select *, row_number() over () as line from polls)
        where store_id is not null
        group by store_id, stamp
        having arg_min(status, line) = 'inactive' and arg_max(status, line) = 'active'
    """,
    "contradiction between two notations of the instant": """
        select store_id from valid_polls
        group by store_id, polled_at
        having count(distinct status) = 2 and count(distinct stamp) = 2
    """,
    "a single poll": "select store_id from valid_polls group by store_id having count(*) = 1",
    "first polled in the middle of the last week": """
        select store_id from valid_polls group by store_id
        having
            min(polled_at) between '2026-03-08 18:00:00' and '2026-03-09 18:00:00'
            and count(*) > 24
    """,
    "last polled days before as_of, inactive then": """
        select store_id from valid_polls group by store_id
        having
            max(polled_at) between '2026-03-06' and '2026-03-11'
            and arg_max(status, polled_at) = 'inactive' and count(*) > 24
    """,
    "last polled before the last week, active then": """
        select store_id from valid_polls group by store_id
        having max(polled_at) < '2026-03-05' and arg_max(status, polled_at) = 'active'
    """,
    "not polled for two days": """
        select store_id from valid_polls
        qualify
            polled_at - lag(polled_at) over (partition by store_id order by polled_at)
            between interval '47 hours' and interval '50 hours'
    """,
    "status in another case": "from polls where status in ('Active', 'INACTIVE')",
    "status after a blank": "from polls where status in (' active', ' inactive')",
    "status before a blank": "from polls where status in ('active ', 'inactive ')",
    "timestamp without a fraction": "from polls where stamp similar to '[^.]*:[0-9]{2} UTC'",
    "timestamp with a short fraction": r"from polls where stamp similar to '.*\.0[1-9] UTC'",
    "timestamp with T and Z": "from polls where stamp similar to '[-0-9]+T[:.0-9]+Z'",
    "timestamp with an offset behind UTC": """
        from polls where stamp similar to '[-0-9]+T[:.0-9]+-[0-9]{2}:[0-9]{2}'
    """,
    "timestamp with an offset ahead of UTC": """
        from polls where stamp similar to '[-0-9]+T[:.0-9]+[+][0-9]{2}:30'
    """,
    "timestamp without a zone": "from polls where stamp similar to '[-0-9]+ [:.0-9]+'",
    "no store polled for an hour": """
        from (select distinct polled_at from valid_polls)
        qualify polled_at - lag(polled_at) over (order by polled_at) > interval '1 hour'
        and polled_at between '2026-03-01' and '2026-03-05'
    """,
    "three stores of a zone that fail within ten minutes": """
        select zone from valid_polls join zones using (store_id)
        where status = 'inactive' and polled_at between '2026-03-03 14:00' and '2026-03-03 14:10'
        group by zone having count(distinct store_id) >= 3
    """,
    # Optional inputs.
    "closed on a special date": "from special where closed = 'yes' and opens is null",
    "special hours": "from special join hours using (store_id) where special.opens > hours.opens",
    "time excluded": "from excluded join valid_polls using (store_id) where begins < ends",
    "hours from a date on": "from spring join hours using (store_id) where valid_from is not null",
    "brands": "select 1 from attributes having count(distinct brand) = 2",
    "regions": "select 1 from attributes having count(distinct region) >= 4",
    "stores without attributes": "from valid_polls anti join attributes using (store_id)",
    "a target of a brand": "from targets semi join attributes on value = brand",
    "a target of all": "from targets where attribute = 'all'",
    # Zones.
    "zone under an old name": "from zones where zone = 'US/Eastern'",
    "zone that skips midnight on 2026-03-08": """
        from zones join hours using (store_id)
        where zone = 'America/Havana' and day = '6' and opens = '00:00:00'
    """,
    "zone at a half-hour offset": "from zones where zone = 'Asia/Kolkata'",
    "zone at a half-hour offset that changes": "from zones where zone = 'America/St_Johns'",
    "zone at a quarter-hour offset": "from zones where zone = 'Asia/Kathmandu'",
    "zone with half an hour of daylight saving": "from zones where zone = 'Australia/Lord_Howe'",
    "zone with daylight saving on other days": "from zones where zone = 'Europe/London'",
    "zone of the Middle East": "from zones where zone = 'Asia/Beirut'",
    "zone that follows Ramadan": "from zones where zone = 'Africa/Casablanca'",
    "zone far ahead of UTC": "from zones where zone = 'Pacific/Auckland'",
    "zone far behind UTC": "from zones where zone = 'Pacific/Honolulu'",
    "US zone without daylight saving": "from zones where zone = 'America/Phoenix'",
    # Ids.
    "id of 19 digits": "from polls where store_id similar to '[1-9][0-9]{18}'",
    "UUID": "from polls where store_id similar to '[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}'",
    "id that differs by leading zeros": """
        from valid_polls as one join zones as other on one.store_id = ltrim(other.store_id, '0')
        where one.store_id <> other.store_id
    """,
    "ids that a double cannot tell apart": """
        from zones as one join zones as other on one.store_id > other.store_id
        where try_cast(one.store_id as double) = try_cast(other.store_id as double)
    """,
    # Rows to set aside.
    "unknown_status": "from polls where status = 'paused'",
    "unknown_status, empty": "from polls where status is null",
    "bad_timestamp, no such day": "from polls where stamp = '2026-02-30 15:00:00 UTC'",
    "bad_timestamp, of a spreadsheet": "from polls where stamp = '3/11/2026 15:00'",
    "future_timestamp": "from polls where stamp like '2036-%'",
    "timestamp_before_zone_rules": "from polls where stamp like '1970-%'",
    "missing_store_id in store_status": "from polls where store_id is null",
    "missing_store_id in business_hours": "from hours where store_id is null",
    "missing_store_id in timezones": "from zones where store_id is null",
    "bad_day, not from 0 to 6": "from hours where day = '7'",
    "bad_day, no day": "from hours where day = 'weekdays'",
    "bad_time, a word": "from hours where opens = 'noon'",
    "bad_time, no such hour": "from hours where opens = '25:00:00'",
    "unknown_timezone, by a blank": "from zones where zone = 'America/New York'",
    "unknown_timezone, by its city": "from zones where zone = 'Asia/Beijing'",
}


@pytest.mark.parametrize("name", seed_files())
def test_file_is_what_the_generator_writes(name: str) -> None:
    committed, generated = (SEEDS / name).read_bytes(), seed_files()[name].encode()
    assert committed == generated, f"{name}: run `python tests/generate/sample.py`"


@pytest.mark.parametrize("case", ODD_CASES)
def test_sample_holds(sample: duckdb.DuckDBPyConnection, case: str) -> None:
    assert sample.execute(f"select count(*) from ({ODD_CASES[case]})").fetchone() > (0,)


def test_ids_in_the_table_of_stores_are_different() -> None:
    ids = [store.store_id for store in STORES]
    assert len(ids) == len(set(ids))


def test_there_are_about_sixty_stores(sample: duckdb.DuckDBPyConnection) -> None:
    (stores,) = sample.execute(
        """
        select count(distinct store_id)
        from (
            select store_id from polls
            union all select store_id from hours
            union all select store_id from zones
        )
        """
    ).fetchone()
    assert 55 <= stores <= 65


def test_newest_valid_poll_sets_as_of(sample: duckdb.DuckDBPyConnection) -> None:
    newest = sample.execute("select max_by(stamp, polled_at) from valid_polls").fetchone()
    assert newest == ("2026-03-12 18:13:22.47922 UTC",)


def test_stores_are_polled_about_hourly_all_day(sample: duckdb.DuckDBPyConnection) -> None:
    hours_of_day, usual_minutes = sample.execute(
        """
        select count(distinct extract(hour from polled_at)), median(minutes)
        from (
            select
                polled_at,
                extract(epoch from polled_at - lag(polled_at) over polls_of_store) / 60 as minutes
            from valid_polls
            window polls_of_store as (partition by store_id order by polled_at)
        )
        """
    ).fetchone()
    assert hours_of_day == 24
    assert 60 <= usual_minutes <= 70


def test_stores_are_mostly_active(sample: duckdb.DuckDBPyConnection) -> None:
    (active_ratio,) = sample.execute(
        "select avg((status = 'active')::int) from valid_polls"
    ).fetchone()
    assert 0.9 <= active_ratio <= 0.97


def test_polls_are_a_small_download() -> None:
    assert (SEEDS / "store_status.csv").stat().st_size < 1_200_000
