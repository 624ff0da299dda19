{{ config(materialized='view') }}

with dirty_stores as (
    select * from {{ ref('int_dirty_stores') }}
    where reader = 'int_store_days'
),

-- The date in UTC is at most a day ahead of the local one.
timeline as (
    select
        timeline.*,
        {{ day_of('dirty_stores.from_us') }} - 1 as from_day,
    from {{ ref('int_store_timeline') }} as timeline
    inner join dirty_stores
        on timeline.store_key = dirty_stores.store_key
        and timeline.ended_us > ({{ day_of('dirty_stores.from_us') }} - 2) * 86400000000
),

offsets as (
    select * from {{ ref('int_store_offsets') }}
),

in_local_time as (
    select
        timeline.store_key,
        timeline.status,
        timeline.is_confirmed,
        timeline.from_day,
        greatest(timeline.started_us, offsets.valid_from_us) + offsets.utc_offset_us as started_us,
        least(timeline.ended_us, offsets.valid_until_us) + offsets.utc_offset_us as ended_us,
    from timeline
    inner join offsets
        on timeline.store_key = offsets.store_key
        and timeline.started_us < offsets.valid_until_us
        and timeline.ended_us > offsets.valid_from_us
),

by_day as (
    select
        store_key,
        {{ day_of('started_us') }} as local_day,
        {{ day_of('ended_us - 1') }} as last_day,
        status,
        is_confirmed,
        from_day,
        started_us,
        ended_us,
    from in_local_time
),

-- Few rows reach over midnight; taking those apart costs more than all the rest.
over_midnight as (
    select
        store_key,
        unnest(range(local_day, last_day + 1)) as local_day,
        status,
        is_confirmed,
        from_day,
        started_us,
        ended_us,
    from by_day
    where local_day < last_day
),

clipped as (
    select
        store_key,
        local_day,
        status,
        is_confirmed,
        ended_us - started_us as length_us,
    from by_day
    where local_day = last_day and local_day >= from_day

    union all

    select
        store_key,
        local_day,
        status,
        is_confirmed,
        least(ended_us, (local_day + 1) * 86400000000)
        - greatest(started_us, local_day * 86400000000) as length_us,
    from over_midnight
    where local_day >= from_day
)

select
    store_key,
    local_day,
    {{ sums_of_time() }},
from clipped
group by store_key, local_day
