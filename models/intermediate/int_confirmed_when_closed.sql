{{ config(materialized='view') }}

with horizon as (
    select
        as_of_us - 604800000000 as starts_us,
        as_of_us,
    from {{ ref('int_horizon') }}
),

store_keys as (
    select * from {{ ref('int_store_keys') }}
),

-- These runs end where polls are missing, such as by night: who was not asked was not seen active.
runs as (
    select
        store_keys.store_id,
        runs.is_active,
        greatest(runs.started_us, horizon.starts_us) as started_us,
        least(runs.last_polled_us, horizon.as_of_us) as ended_us,
    from {{ ref('int_recent_runs') }} as runs
    inner join store_keys on runs.store_key = store_keys.store_key
    inner join horizon
        on runs.last_polled_us > horizon.starts_us
        and runs.started_us < runs.last_polled_us
),

open_time as (
    select
        store_keys.store_id,
        open_time.started_us,
        open_time.ended_us,
    from {{ ref('int_recent_open_time') }} as open_time
    inner join store_keys on open_time.store_key = store_keys.store_key
),

lengths as (
    select store_id, is_active, ended_us - started_us as length_us
    from runs

    union all

    select
        runs.store_id,
        runs.is_active,
        greatest(runs.started_us, open_time.started_us) - least(runs.ended_us, open_time.ended_us),
    from runs
    inner join open_time
        on runs.store_id = open_time.store_id
        and runs.started_us < open_time.ended_us
        and runs.ended_us > open_time.started_us
)

select
    store_id,
    coalesce(sum(length_us) filter (where is_active), 0) as active_us,
    sum(length_us) as confirmed_us,
from lengths
group by store_id
