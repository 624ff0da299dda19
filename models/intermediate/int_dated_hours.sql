with dated_weeks as (
    select * from {{ ref('int_dated_weeks') }}
),

store_keys as (
    select * from {{ ref('int_store_keys') }}
),

business_hours as (
    select * from {{ ref('stg_business_hours') }}
    where rejected_as is null
),

special_hours as (
    select * from {{ ref('int_special_hours') }}
),

-- The days of each week, and the one before, whose hours may reach into it.
-- Day 0, 1970-01-01, was a Thursday.
days as (
    select
        dated_weeks.store_key,
        store_keys.store_id,
        {{ week_starts_us('dated_weeks.week') }} as week_us,
        7 * dated_weeks.week + 4 + weekdays.day as local_day,
        (weekdays.day + 7) % 7 as day_of_week,
    from dated_weeks
    inner join store_keys on dated_weeks.store_key = store_keys.store_key
    cross join range(-1, 7) as weekdays (day)
),

special_days as (
    select
        days.store_key,
        days.week_us,
        days.local_day,
        special_hours.opens_us,
        special_hours.closes_us,
    from days
    inner join special_hours
        on days.store_key = special_hours.store_key
        and days.local_day = special_hours.local_day
),

ordinary_days as (
    select days.*
    from days
    left join special_days
        on days.store_key = special_days.store_key
        and days.week_us = special_days.week_us
        and days.local_day = special_days.local_day
    where special_days.store_key is null
),

spans as (
    select
        store_key,
        week_us,
        local_day,
        opens_us,
        closes_us,
    from special_days
    where opens_us is not null

    union all

    select
        ordinary_days.store_key,
        ordinary_days.week_us,
        ordinary_days.local_day,
        business_hours.opens_us,
        {{ closing_us('business_hours.opens_us', 'business_hours.closes_us') }} as closes_us,
    from ordinary_days
    inner join business_hours
        on ordinary_days.store_id = business_hours.store_id
        and ordinary_days.day_of_week = business_hours.day_of_week
        and ordinary_days.local_day
        between coalesce(business_hours.valid_from_day, 0)
        and coalesce(business_hours.valid_to_day, 1000000)

    union all

    select
        store_key,
        week_us,
        local_day,
        0 as opens_us,
        86400000000 as closes_us,
    from ordinary_days
    where store_id not in (select store_id from business_hours)
),

clipped as (
    select
        store_key,
        greatest(local_day * 86400000000 + opens_us, week_us) as opens_us,
        least(local_day * 86400000000 + closes_us, week_us + 604800000000) as closes_us,
    from spans
),

united as (
    select
        store_key,
        opens_us,
        max(closes_us) as closes_us,
    from clipped
    where opens_us < closes_us
    group by store_key, opens_us
),

{{ merged('united', 'opens_us', 'closes_us') }}

select
    store_key,
    opens_us,
    closes_us,
from united_merged
