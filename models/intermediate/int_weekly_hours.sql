with store_keys as (
    select * from {{ ref('int_store_keys') }}
),

business_hours as (
    select * from {{ ref('stg_business_hours') }}
    where rejected_as is null
),

-- The hours in force on the last day that matters; weeks with other hours are dated ones.
spans as (
    select
        business_hours.store_id,
        business_hours.day_of_week * 86400000000 + business_hours.opens_us as opens_us,
        business_hours.day_of_week * 86400000000
        + {{ closing_us('business_hours.opens_us', 'business_hours.closes_us') }} as closes_us,
    from business_hours
    cross join {{ ref('int_horizon_days') }} as days
    where
        days.last_day
        between coalesce(business_hours.valid_from_day, 0)
        and coalesce(business_hours.valid_to_day, 1000000)
),

-- All in microseconds since Monday 00:00 on the store's clock.
-- What runs past Sunday midnight is the start of the week.
within_the_week as (
    select store_id, opens_us, least(closes_us, 604800000000) as closes_us
    from spans

    union all

    select store_id, 0 as opens_us, closes_us - 604800000000 as closes_us
    from spans
    where closes_us > 604800000000
),

keyed as (
    select
        store_keys.store_key,
        within_the_week.opens_us,
        max(within_the_week.closes_us) as closes_us,
    from store_keys
    inner join within_the_week on store_keys.store_id = within_the_week.store_id
    group by store_keys.store_key, within_the_week.opens_us

    union all

    select
        store_key,
        0 as opens_us,
        604800000000 as closes_us,
    from store_keys
    where store_id not in (select store_id from business_hours)
),

{{ merged('keyed', 'opens_us', 'closes_us') }}

select
    store_key,
    opens_us,
    closes_us,
from keyed_merged
