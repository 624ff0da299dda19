{{ config(
    materialized='incremental',
    incremental_strategy='replace_where',
    incremental_predicates=[
        "exists (
            select 1
            from intermediate.int_poll_restarts as restarts
            where restarts.store_key = target.store_key
                and target.last_polled_us >= coalesce(restarts.restart_us, 0)
        )",
    ],
) }}

with restarts as (
    select * from {{ ref('int_poll_restarts') }}
),

runs as (
    select runs.store_key, runs.started_us, runs.last_polled_us
    from {{ ref('int_status_runs') }} as runs
    {% if is_incremental() %}
    inner join restarts
        on runs.store_key = restarts.store_key
        and runs.last_polled_us >= coalesce(restarts.restart_us, 0)
    {% endif %}
    where not runs.is_active
),

stores as (
    select store_key, min(started_us) as started_us
    from runs
    group by store_key
),

-- Of one store's many polls few say inactive, so these are sorted, not joined by range.
polls as (
    select distinct polls.store_key, polls.polled_us
    from {{ ref('int_polls') }} as polls
    inner join stores
        on polls.store_key = stores.store_key
        and polls.polled_us >= stores.started_us
    where not polls.is_active and polls.rejected_as is null
),

numbered as (
    select
        *,
        row_number() over (partition by store_key order by polled_us) as poll_number,
    from polls
)

-- Between a run's first poll and its last no other says active.
select
    runs.store_key,
    runs.started_us,
    runs.last_polled_us,
    last_polls.poll_number - first_polls.poll_number + 1 as polls,
from runs
inner join numbered as first_polls
    on runs.store_key = first_polls.store_key
    and runs.started_us = first_polls.polled_us
inner join numbered as last_polls
    on runs.store_key = last_polls.store_key
    and runs.last_polled_us = last_polls.polled_us
