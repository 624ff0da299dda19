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

-- Open is when the clock shows a time inside the hours: each stretch of constant offset takes its
-- part of the week, so a skipped hour is in none and a repeated one in two.
weeks_by_offset as (
    select
        weeks.store_key,
        weeks.from_us,
        {{ week_starts_us('weeks.week') }} - timezone_offsets.utc_offset_us as week_us,
        timezone_offsets.valid_from_us,
        timezone_offsets.valid_until_us,
        weeks.starts_us,
        weeks.as_of_us,
    from ordinary_weeks as weeks
    inner join timezone_offsets
        on weeks.timezone = timezone_offsets.timezone
        and {{ week_starts_us('weeks.week') }}
        < timezone_offsets.valid_until_us + timezone_offsets.utc_offset_us
        and {{ week_starts_us('weeks.week + 1') }}
        > timezone_offsets.valid_from_us + timezone_offsets.utc_offset_us
),

utc_windows as (
    select
        weeks.store_key,
        greatest(
            weeks.week_us + weekly_hours.opens_us, weeks.valid_from_us, weeks.starts_us
        ) as started_us,
        least(
            weeks.week_us + weekly_hours.closes_us, weeks.valid_until_us, weeks.as_of_us
        ) as ended_us,
        weekly_hours.opens_us = 0
        or weekly_hours.closes_us = 604800000000
        or started_us = weeks.valid_from_us
        or ended_us = weeks.valid_until_us as may_touch,
    from weeks_by_offset as weeks
    inner join weekly_hours on weeks.store_key = weekly_hours.store_key
    where started_us < ended_us and ended_us >= weeks.from_us
),

dated_windows as (
    select
        dated_hours.store_key,
        greatest(
            dated_hours.opens_us - timezone_offsets.utc_offset_us,
            timezone_offsets.valid_from_us,
            stretches.starts_us
        ) as started_us,
        least(
            dated_hours.closes_us - timezone_offsets.utc_offset_us,
            timezone_offsets.valid_until_us,
            stretches.as_of_us
        ) as ended_us,
    from {{ ref('int_dated_hours') }} as dated_hours
    inner join stretches on dated_hours.store_key = stretches.store_key
    inner join timezone_offsets
        on stretches.timezone = timezone_offsets.timezone
        and dated_hours.opens_us
        < timezone_offsets.valid_until_us + timezone_offsets.utc_offset_us
        and dated_hours.closes_us
        > timezone_offsets.valid_from_us + timezone_offsets.utc_offset_us
    where started_us < ended_us and ended_us >= stretches.from_us
),

-- The hours of a week are united already, so only at its ends and where the offset changes can one
-- window touch another.
touching as (
    select store_key, started_us, ended_us
    from utc_windows
    where may_touch

    union all

    select store_key, started_us, ended_us
    from dated_windows
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
