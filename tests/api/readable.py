"""A release with stores, figures and timelines, small enough to add up by hand."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from api.rows import literal
from api.settings import Settings
from tests.api.fakes import point_to

AS_OF = "2026-03-12T18:00:00.000000Z"
ODD_IDS = (
    "../../etc/passwd",
    "=cmd()",
    "'; drop table x; --",
    'say "hi"',
    "a/timeline",
    "ünï ☃",
    "100%25",
    "?a=b&c#d",
)

# Store, zone, brand, last status, and its downtime in the last week in seconds.
STORES = [
    ("a", "America/Chicago", "red", "active", 0.1),
    ("b", "America/Chicago", "red", "inactive", 7200.0),
    ("c", "UTC", "blue", "inactive", 3600.000001),
    ("d", "UTC", None, None, None),
    *((store_id, "UTC", "blue", "active", 3600.000001) for store_id in ODD_IDS),
]

_SQL = """
create table stores (
    store_id varchar, timezone varchar, is_timezone_given boolean, has_business_hours boolean,
    is_always_open boolean, first_polled_at timestamp, last_polled_at timestamp,
    last_status varchar, "the ""brand"" of it" varchar, named_by varchar
);
create table period_uptime (
    store_id varchar, period varchar, started_at timestamp, ended_at timestamp,
    business_seconds double, uptime_seconds double, downtime_seconds double,
    unknown_seconds double, uptime_ratio double
);
create table store_timeline (
    store_id varchar, started_at timestamp, ended_at timestamp, status varchar,
    is_confirmed boolean, duration_seconds double
);
create schema intermediate;
create table intermediate.int_horizon as
select epoch_us(timestamp '2026-03-05 17:00') as starts_us;
create table weekly_hours (
    store_id varchar, opens_on_day integer, opens_at time, closes_on_day integer, closes_at time
);
create table special_hours (
    store_id varchar, local_date date, is_closed boolean, opens_at time, closes_at time
);
create macro uptime_between(from_at, to_at) as table (
    with clipped as (
        select *, epoch_us(least(ended_at, to_at)) - epoch_us(greatest(started_at, from_at)) as us
        from store_timeline
        where started_at < to_at and ended_at > from_at
    )
    select
        stores.store_id,
        from_at as started_at,
        to_at as ended_at,
        coalesce(sum(us), 0) / 1e6 as business_seconds,
        coalesce(sum(us) filter (status = 'up'), 0) / 1e6 as uptime_seconds,
        coalesce(sum(us) filter (status = 'down'), 0) / 1e6 as downtime_seconds,
        coalesce(sum(us) filter (status = 'unknown'), 0) / 1e6 as unknown_seconds,
        coalesce(sum(us) filter (status = 'excluded'), 0) / 1e6 as excluded_seconds,
        coalesce(sum(us) filter (is_confirmed), 0) / 1e6 as confirmed_seconds,
        coalesce(sum(us) filter (is_confirmed and status = 'up'), 0) / 1e6 as uptime_seconds_min,
        coalesce(sum(us) filter (
            status <> 'excluded' and (not is_confirmed or status <> 'down')
        ), 0) / 1e6 as uptime_seconds_max
    from stores left join clipped using (store_id)
    group by stores.store_id
);
create macro group_uptime_between(from_at, to_at, stores_in_groups) as table (
    with grouped as (select unnest(stores_in_groups, recursive := true)),
    summed as (
        select
            grouped.value,
            count(*) as stores,
            cast(sum(business_seconds) as decimal(24, 6)) as business_seconds,
            cast(sum(uptime_seconds) as decimal(24, 6)) as uptime_seconds,
            cast(sum(downtime_seconds) as decimal(24, 6)) as downtime_seconds,
            cast(sum(unknown_seconds) as decimal(24, 6)) as unknown_seconds,
            cast(sum(excluded_seconds) as decimal(24, 6)) as excluded_seconds,
            cast(sum(confirmed_seconds) as decimal(24, 6)) as confirmed_seconds,
            cast(sum(uptime_seconds_min) as decimal(24, 6)) as uptime_seconds_min,
            cast(sum(uptime_seconds_max) as decimal(24, 6)) as uptime_seconds_max
        from uptime_between(from_at, to_at) as figures
        inner join grouped on figures.store_id = grouped.store_id
        group by grouped.value
    )
    select
        *,
        uptime_seconds / nullif(uptime_seconds + downtime_seconds, 0) as uptime_ratio,
        confirmed_seconds / nullif(business_seconds - excluded_seconds, 0) as coverage_ratio
    from summed
);
create macro explain_uptime(of_store_id, from_at, to_at) as table (
    select
        'timeline' as kind,
        greatest(started_at, from_at) as started_at,
        least(ended_at, to_at) as ended_at,
        status,
        is_confirmed,
        epoch_us(least(ended_at, to_at) - greatest(started_at, from_at)) / 1e6 as seconds
    from store_timeline
    where store_id = of_store_id and started_at < to_at and ended_at > from_at
);
"""


def write_readable(path: Path) -> Path:
    """Write the release to a file."""
    with duckdb.connect() as connection:
        connection.execute(f"attach {literal(path)} as release; use release; begin; {_SQL}")
        for store_id, timezone, brand, status, downtime in STORES:
            polled_at = None if status is None else "2026-03-12 17:00"
            connection.execute(
                "insert into stores values (?, ?, true, true, false, ?, ?, ?, ?, 'business_hours')",
                [store_id, timezone, polled_at, polled_at, status, brand],
            )
            ratio = None if downtime is None else (36_000 - downtime) / 36_000
            connection.execute(
                """
                insert into period_uptime
                select $id, period, as_of - length, as_of, 36000, 36000 - $down, $down, 0, $ratio
                from (values
                    ('last_hour', interval 1 hour),
                    ('last_day', interval 24 hour),
                    ('last_week', interval 168 hour)
                ) as periods (period, length)
                cross join (select timestamp '2026-03-12 18:00' as as_of)
                """,
                {"id": store_id, "down": downtime or 0, "ratio": ratio},
            )
        connection.execute(
            """
            insert into store_timeline
            select stores.store_id, rows.* from stores cross join (values
                (timestamp '2026-03-10 10:00', timestamp '2026-03-10 12:00', 'up', true, 7200),
                ('2026-03-11 10:00', '2026-03-11 11:00', 'down', true, 3600),
                ('2026-03-11 11:00', '2026-03-11 12:00', 'up', false, 3600),
                ('2026-03-11 12:00', '2026-03-11 12:00:00.100001', 'unknown', false, 0.100001)
            ) as rows;
            commit
            """
        )
    return path


def publish_copy(settings: Settings, release: Path, name: str, as_of: str = AS_OF) -> None:
    """Publish a release under a name."""
    path = settings.db.parent / "releases" / f"{name}.duckdb"
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(release, path)
    point_to(path, settings.db, datetime.now(UTC), as_of=as_of)
