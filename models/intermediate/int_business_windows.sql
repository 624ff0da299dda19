with weekly_hours as (
    select * from {{ ref('int_weekly_hours') }}
),

schedules as (
    select * from {{ ref('int_schedules') }}
),

horizon as (
    select * from {{ ref('int_horizon') }}
),

timezone_offsets as (
    select timezone_offsets.*
    from {{ ref('stg_timezone_offsets') }} as timezone_offsets
    inner join horizon
        on timezone_offsets.valid_until_us > horizon.starts_us
        and timezone_offsets.valid_from_us < horizon.as_of_us
),

changes as (
    select * from {{ ref('int_changes') }}
),

-- A window that reaches into the changed stretch may have begun before it: at most twice its
-- usual length, if the clock skips the hour that parts it from the next.
stretches as (
    select
        schedules.store_key,
        schedules.timezone,
        schedules.is_always_open,
        changes.changed_us,
        changes.changed_us - 2 * schedules.longest_window_us - 86400000000 as from_us,
        horizon.starts_us,
        horizon.as_of_us,
    from schedules
    inner join changes on schedules.store_key = changes.store_key
    cross join horizon
),

weeks as (
    select
        *,
        unnest(range(
            {{ week_of('greatest(from_us, starts_us)') }} - 1, {{ week_of('as_of_us') }} + 2
        )) as week,
    from stretches
    where not is_always_open
),

local_windows as (
    select
        weeks.store_key,
        weeks.timezone,
        weeks.from_us,
        weeks.starts_us,
        weeks.as_of_us,
        {{ week_starts_us('weeks.week') }} + weekly_hours.opens_us as opens_us,
        {{ week_starts_us('weeks.week') }} + weekly_hours.closes_us as closes_us,
    from weeks
    inner join weekly_hours on weeks.store_key = weekly_hours.store_key
),

-- Open is when the clock shows a time inside the hours: each stretch of constant offset takes its
-- part of the window, so a skipped hour is in none and a repeated one in two.
utc_windows as (
    select
        local_windows.store_key,
        greatest(
            local_windows.opens_us - timezone_offsets.utc_offset_us,
            timezone_offsets.valid_from_us,
            local_windows.starts_us
        ) as started_us,
        least(
            local_windows.closes_us - timezone_offsets.utc_offset_us,
            timezone_offsets.valid_until_us,
            local_windows.as_of_us
        ) as ended_us,
        local_windows.from_us,
    from local_windows
    inner join timezone_offsets on local_windows.timezone = timezone_offsets.timezone
),

windows as (
    select store_key, started_us, ended_us
    from utc_windows
    where started_us < ended_us and ended_us >= from_us

    union all

    select store_key, starts_us, as_of_us
    from stretches
    where is_always_open
),

{{ merged('windows', 'started_us', 'ended_us') }}

select
    windows_merged.store_key,
    windows_merged.started_us,
    windows_merged.ended_us,
from windows_merged
inner join changes on windows_merged.store_key = changes.store_key
where windows_merged.ended_us >= changes.changed_us
