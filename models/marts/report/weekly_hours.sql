{{ config(materialized='view') }}

with weekly_hours as (
    select * from {{ ref('int_weekly_hours') }}
),

schedules as (
    select * from {{ ref('int_store_schedules') }}
),

store_keys as (
    select * from {{ ref('int_store_keys') }}
)

select
    store_keys.store_id,
    cast(weekly_hours.opens_us // 86400000000 as integer) as opens_on_day,
    {{ time_of_day('weekly_hours.opens_us') }} as opens_at,
    cast(weekly_hours.closes_us // 86400000000 % 7 as integer) as closes_on_day,
    {{ time_of_day('weekly_hours.closes_us') }} as closes_at,
    (weekly_hours.closes_us - weekly_hours.opens_us) / 3600000000.0e0 as hours_open,
from weekly_hours
inner join schedules on weekly_hours.schedule_key = schedules.schedule_key
inner join store_keys on schedules.store_key = store_keys.store_key
