{{ config(materialized='view') }}

with store_keys as (
    select * from {{ ref('int_store_keys') }}
),

schedules as (
    select * from {{ ref('int_store_schedules') }}
    where store_key = schedule_key
),

schedule_hours as (
    select * from {{ ref('int_schedule_hours') }}
),

special_hours as (
    select * from {{ ref('int_special_hours') }}
),

-- Hours end at most two days after the date they open on begins, and no zone is a day from UTC.
-- Day 0, 1970-01-01, was a Thursday.
days as (
    select
        local_day,
        (local_day + 3) % 7 as day_of_week,
    from (
        select unnest(range({{ day_of('from_us') }} - 3, {{ day_of('until_us') }} + 2)) as local_day
        from {{ ref('int_windows_from') }}
    ) as numbered
),

own_special_days as (
    select
        schedules.schedule_key,
        special_hours.local_day,
        special_hours.opens_us,
        special_hours.closes_us,
    from schedules
    inner join store_keys on schedules.store_key = store_keys.store_key
    inner join special_hours on store_keys.store_id = special_hours.store_id
    inner join days on special_hours.local_day = days.local_day
),

-- What is said of a store itself goes before what is said of all.
special_days as (
    select * from own_special_days

    union all

    select
        schedules.schedule_key,
        special_hours.local_day,
        special_hours.opens_us,
        special_hours.closes_us,
    from special_hours
    inner join days on special_hours.local_day = days.local_day
    cross join schedules
    left join own_special_days as own
        on schedules.schedule_key = own.schedule_key and special_hours.local_day = own.local_day
    where special_hours.store_id = '*' and own.schedule_key is null
),

hours as (
    select
        schedule_hours.schedule_key,
        days.local_day,
        schedule_hours.opens_us,
        schedule_hours.closes_us,
    from schedule_hours
    inner join days
        on schedule_hours.day_of_week = days.day_of_week
        and days.local_day between schedule_hours.valid_from_day and schedule_hours.valid_to_day
    left join special_days
        on schedule_hours.schedule_key = special_days.schedule_key
        and days.local_day = special_days.local_day
    where special_days.schedule_key is null

    union all

    select * from special_days
    where opens_us is not null
)

select
    schedule_key,
    local_day,
    local_day * 86400000000 + opens_us as opens_us,
    local_day * 86400000000 + closes_us as closes_us,
from hours
