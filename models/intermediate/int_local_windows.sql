{{ config(materialized='view') }}

with weekly_hours as (
    select * from {{ ref('int_weekly_hours') }}
),

schedules as (
    select * from {{ ref('int_schedules') }}
    where not is_one_window
),

changes as (
    select * from {{ ref('int_changes') }}
),

weeks as (
    select
        schedules.store_key,
        schedules.timezone,
        changes.changed_us,
        unnest(range(changes.first_week, changes.last_week + 1)) as week,
    from schedules
    inner join changes on schedules.store_key = changes.store_key
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

-- The hours of a week are united already, so only at its ends can one window touch another.
windows as (
    select
        weeks.store_key,
        weeks.timezone,
        weeks.changed_us,
        {{ week_starts_us('weeks.week') }} + weekly_hours.opens_us as opens_us,
        {{ week_starts_us('weeks.week') }} + weekly_hours.closes_us as closes_us,
        weekly_hours.opens_us = 0 or weekly_hours.closes_us = 604800000000 as may_touch,
    from ordinary_weeks as weeks
    inner join weekly_hours on weeks.store_key = weekly_hours.store_key

    union all

    select
        schedules.store_key,
        schedules.timezone,
        changes.changed_us,
        dated_hours.opens_us,
        dated_hours.closes_us,
        true as may_touch,
    from {{ ref('int_dated_hours') }} as dated_hours
    inner join schedules on dated_hours.store_key = schedules.store_key
    inner join changes on dated_hours.store_key = changes.store_key
)

select
    store_key,
    timezone,
    changed_us,
    opens_us,
    closes_us,
    may_touch,
from windows
