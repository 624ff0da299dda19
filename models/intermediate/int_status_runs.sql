{{ config(
    materialized='incremental',
    incremental_strategy='replace_where',
    incremental_predicates=[
        "target.next_started_us > (select min(from_us) from intermediate.int_poll_restarts)
        and exists (
            select 1
            from intermediate.int_poll_restarts as restarts
            where restarts.store_key = target.store_key and target.next_started_us > restarts.from_us
        )",
        "target.next_started_us is null
        and target.store_key in (select store_key from intermediate.int_poll_restarts)",
    ],
) }}

with all_changes as (
    select * from {{ ref('int_status_changes') }}
),

-- Where the run begins to which the first poll belongs that was looked at again.
restarts as (
    select
        restarts.store_key,
        coalesce(max(all_changes.polled_us), 0) as from_us,
    from {{ ref('int_poll_restarts') }} as restarts
    left join all_changes
        on restarts.store_key = all_changes.store_key
        and restarts.restart_us >= all_changes.polled_us
        and all_changes.is_change
    group by restarts.store_key
),

status_changes as (
    select all_changes.*
    from all_changes
    {% if is_incremental() %}
    inner join restarts
        on all_changes.store_key = restarts.store_key
        and all_changes.polled_us >= restarts.from_us
    {% endif %}
),

last_polls as (
    select * from status_changes
    where is_last
),

runs as (
    select
        store_key,
        is_active,
        polled_us as started_us,
        lead(previous_polled_us) over by_time as last_polled_us,
        lead(polled_us) over by_time as next_started_us,
        lead(is_active) over by_time as next_is_active,
        previous_polled_us is null as is_first,
        poll_number,
        lead(poll_number) over by_time as next_poll_number,
    from status_changes
    where is_change
    window by_time as (partition by store_key order by polled_us)
)

select
    runs.store_key,
    runs.is_active,
    runs.started_us,
    coalesce(runs.last_polled_us, last_polls.polled_us) as last_polled_us,
    runs.next_started_us,
    runs.next_is_active,
    runs.is_first,
    coalesce(runs.next_poll_number, last_polls.poll_number + 1) - runs.poll_number as polls,
from runs
inner join last_polls on runs.store_key = last_polls.store_key
