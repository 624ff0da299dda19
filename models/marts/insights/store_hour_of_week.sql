{{ config(materialized='view') }}

with timeline as (
    select * from {{ ref('int_store_timeline') }}
),

offsets as (
    select * from {{ ref('int_store_offsets') }}
),

store_keys as (
    select * from {{ ref('int_store_keys') }}
),

-- The id is there from the start, so that a question about some stores looks at their rows only.
-- Local time counted from Monday 1970-01-05, as Monday is day 0 of the business hours.
in_local_time as (
    select
        store_keys.store_id,
        timeline.status,
        timeline.is_confirmed,
        greatest(timeline.started_us, offsets.valid_from_us) + offsets.utc_offset_us - 345600000000
            as started_us,
        least(timeline.ended_us, offsets.valid_until_us) + offsets.utc_offset_us - 345600000000
            as ended_us,
    from timeline
    inner join store_keys on timeline.store_key = store_keys.store_key
    inner join offsets
        on timeline.store_key = offsets.store_key
        and timeline.started_us < offsets.valid_until_us
        and timeline.ended_us > offsets.valid_from_us
),

by_hour as (
    select
        *,
        unnest(range(started_us // 3600000000, (ended_us - 1) // 3600000000 + 1)) as local_hour,
    from in_local_time
),

clipped as (
    select
        store_id,
        local_hour % 168 as hour_of_week,
        status,
        is_confirmed,
        least(ended_us, (local_hour + 1) * 3600000000)
        - greatest(started_us, local_hour * 3600000000) as length_us,
    from by_hour
),

summed as (
    select
        store_id,
        hour_of_week,
        {{ sums_of_time() }},
    from clipped
    group by store_id, hour_of_week
)

select
    summed.store_id,
    cast(summed.hour_of_week // 24 as integer) as day_of_week,
    cast(summed.hour_of_week % 24 as integer) as hour_of_day,
    {{ figures('summed') }},
    {{ is_enough('coverage_ratio') }} as is_enough,
from summed
