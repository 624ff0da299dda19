with status_runs as (
    select * from {{ ref('int_status_runs') }}
),

horizon as (
    select {{ polls_kept_from_us('as_of_us') }} as kept_from_us from {{ ref('int_horizon') }}
),

last_polls as (
    select
        runs.store_key,
        min(runs.started_us) as first_started_us,
        max(runs.last_polled_us) as polled_us,
    from status_runs as runs
    cross join horizon
    where coalesce(runs.next_started_us >= horizon.kept_from_us, true)
    group by runs.store_key
),

runs as (
    select
        changes.store_key,
        changes.is_active,
        changes.polled_us as started_us,
        lead(changes.previous_polled_us) over by_time as last_polled_us,
        lead(changes.polled_us) over by_time as next_started_us,
        lead(changes.is_active) over by_time as next_is_active,
        last_polls.polled_us as last_polled_of_all_us,
    from {{ ref('int_status_changes') }} as changes
    inner join last_polls
        on changes.store_key = last_polls.store_key
        and changes.polled_us >= last_polls.first_started_us
    where
        changes.is_change
        or changes.polled_us - changes.previous_polled_us > {{ compared_gap_us() }}
    window by_time as (partition by changes.store_key order by changes.polled_us)
)

select
    runs.store_key,
    runs.is_active,
    runs.started_us,
    coalesce(runs.last_polled_us, runs.last_polled_of_all_us) as last_polled_us,
    runs.next_started_us,
    runs.next_is_active,
from runs
cross join horizon
where coalesce(runs.next_started_us >= horizon.kept_from_us, true)
