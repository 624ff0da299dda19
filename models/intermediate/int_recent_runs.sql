with status_changes as (
    select * from {{ ref('int_status_changes') }}
),

horizon as (
    select {{ polls_kept_from_us('as_of_us') }} as kept_from_us from {{ ref('int_horizon') }}
),

last_polls as (
    select store_key, max(polled_us) as polled_us
    from status_changes
    group by store_key
),

runs as (
    select
        store_key,
        is_active,
        polled_us as started_us,
        lead(previous_polled_us) over by_time as last_polled_us,
        lead(polled_us) over by_time as next_started_us,
        lead(is_active) over by_time as next_is_active,
    from status_changes
    where is_change or polled_us - previous_polled_us > {{ compared_gap_us() }}
    window by_time as (partition by store_key order by polled_us)
)

select
    runs.store_key,
    runs.is_active,
    runs.started_us,
    coalesce(runs.last_polled_us, last_polls.polled_us) as last_polled_us,
    runs.next_started_us,
    runs.next_is_active,
from runs
inner join last_polls on runs.store_key = last_polls.store_key
cross join horizon
where coalesce(runs.next_started_us >= horizon.kept_from_us, true)
