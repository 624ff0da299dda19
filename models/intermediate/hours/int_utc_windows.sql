{{ config(materialized='view') }}

with local_hours as (
    select * from {{ ref('int_local_hours') }}
),

schedules as (
    select * from {{ ref('int_store_schedules') }}
    where store_key = schedule_key
),

bounds as (
    select * from {{ ref('int_windows_from') }}
),

timezone_offsets as (
    select timezone_offsets.*
    from {{ ref('stg_timezone_offsets') }} as timezone_offsets
    inner join bounds
        on timezone_offsets.valid_until_us > bounds.from_us
        and timezone_offsets.valid_from_us < bounds.until_us
),

-- Open is when the clock shows a time inside the hours: each stretch of constant offset takes its
-- part of them, so a skipped hour is in none and a repeated one in two.
utc_hours as (
    select
        local_hours.schedule_key,
        greatest(
            local_hours.opens_us - offsets.utc_offset_us, offsets.valid_from_us, bounds.from_us
        ) as started_us,
        least(
            local_hours.closes_us - offsets.utc_offset_us, offsets.valid_until_us, bounds.until_us
        ) as ended_us,
    from local_hours
    inner join schedules on local_hours.schedule_key = schedules.schedule_key
    inner join timezone_offsets as offsets
        on schedules.timezone = offsets.timezone
        and local_hours.opens_us < offsets.valid_until_us + offsets.utc_offset_us
        and local_hours.closes_us > offsets.valid_from_us + offsets.utc_offset_us
    cross join bounds
),

united as (
    select
        schedule_key,
        started_us,
        max(ended_us) as ended_us,
    from utc_hours
    where started_us < ended_us
    group by schedule_key, started_us
),

{{ merged('united', 'started_us', 'ended_us', key='schedule_key') }}

select
    schedule_key,
    started_us,
    ended_us,
from united_merged
