{{ config(materialized='view') }}

with horizon as (
    select * from {{ ref('int_horizon') }}
),

time_ahead as (
    select
        store_key,
        started_us,
        ended_us,
        lead(started_us) over (partition by store_key order by started_us) as next_us,
    from {{ ref('int_time_ahead') }}
),

-- Hours end where the next business time does not begin at once.
first_hours as (
    select
        store_key,
        min(started_us) as opens_us,
        min(ended_us) filter (where coalesce(next_us > ended_us, true)) as closes_us,
    from time_ahead
    group by store_key
),

next_hours as (
    select
        first_hours.store_key,
        schedules.timezone,
        case
            when first_hours.opens_us = horizon.as_of_us and first_hours.closes_us < horizon.ahead_until_us
                then first_hours.closes_us
        end as closes_us,
        case when first_hours.opens_us > horizon.as_of_us then first_hours.opens_us end as opens_us,
    from first_hours
    inner join {{ ref('int_store_schedules') }} as schedules on first_hours.store_key = schedules.store_key
    cross join horizon
),

offsets as (
    select timezone_offsets.*
    from {{ ref('stg_timezone_offsets') }} as timezone_offsets
    inner join horizon
        on timezone_offsets.valid_from_us <= horizon.ahead_until_us
        and timezone_offsets.valid_until_us >= horizon.as_of_us
)

-- Hours that end as the clock is changed end at what it showed last.
select
    next_hours.store_key,
    next_hours.closes_us,
    next_hours.closes_us + at_closing.utc_offset_us as closes_local_us,
    next_hours.opens_us,
    next_hours.opens_us + at_opening.utc_offset_us as opens_local_us,
from next_hours
left join offsets as at_closing
    on next_hours.timezone = at_closing.timezone
    and next_hours.closes_us > at_closing.valid_from_us
    and next_hours.closes_us <= at_closing.valid_until_us
left join offsets as at_opening
    on next_hours.timezone = at_opening.timezone
    and next_hours.opens_us >= at_opening.valid_from_us
    and next_hours.opens_us < at_opening.valid_until_us
