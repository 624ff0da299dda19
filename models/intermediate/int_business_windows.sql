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

stretches as (
    select
        schedules.store_key,
        schedules.timezone,
        schedules.is_one_window,
        changes.windows_from_us as from_us,
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
    where not is_one_window
),

-- Weeks with special hours, or with hours that have changed since, have hours of their own.
ordinary_weeks as (
    select weeks.*
    from weeks
    left join {{ ref('int_dated_weeks') }} as dated_weeks
        on weeks.store_key = dated_weeks.store_key
        and weeks.week = dated_weeks.week
    where dated_weeks.store_key is null
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
        weekly_hours.opens_us = 0 or weekly_hours.closes_us = 604800000000 as may_touch,
    from ordinary_weeks as weeks
    inner join weekly_hours on weeks.store_key = weekly_hours.store_key

    union all

    select
        stretches.store_key,
        stretches.timezone,
        stretches.from_us,
        stretches.starts_us,
        stretches.as_of_us,
        dated_hours.opens_us,
        dated_hours.closes_us,
        true,
    from {{ ref('int_dated_hours') }} as dated_hours
    inner join stretches on dated_hours.store_key = stretches.store_key
),

-- Open is when the clock shows a time inside the hours: each stretch of constant offset takes its
-- part of a window, so a skipped hour is in none and a repeated one in two.
utc_windows as (
    select
        windows.store_key,
        greatest(
            windows.opens_us - offsets.utc_offset_us, offsets.valid_from_us, windows.starts_us
        ) as started_us,
        least(
            windows.closes_us - offsets.utc_offset_us, offsets.valid_until_us, windows.as_of_us
        ) as ended_us,
        windows.may_touch
        or started_us = offsets.valid_from_us
        or ended_us = offsets.valid_until_us as may_touch,
    from local_windows as windows
    inner join timezone_offsets as offsets
        on windows.timezone = offsets.timezone
        and windows.opens_us < offsets.valid_until_us + offsets.utc_offset_us
        and windows.closes_us > offsets.valid_from_us + offsets.utc_offset_us
    where started_us < ended_us and ended_us >= windows.from_us
),

-- The hours of a week are united already, so only at its ends and where the offset changes can one
-- window touch another.
touching as (
    select store_key, started_us, ended_us
    from utc_windows
    where may_touch
),

{{ merged('touching', 'started_us', 'ended_us') }},

windows as (
    select store_key, started_us, ended_us
    from utc_windows
    where not may_touch

    union all

    select store_key, started_us, ended_us
    from touching_merged

    union all

    select store_key, starts_us, as_of_us
    from stretches
    where is_one_window
)

select
    windows.store_key,
    windows.started_us,
    windows.ended_us,
from windows
inner join changes on windows.store_key = changes.store_key
where windows.ended_us >= changes.changed_us
