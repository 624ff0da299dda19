with polls as (
    select * from {{ ref('int_recent_polls') }}
),

horizon as (
    select * from {{ ref('int_horizon') }}
),

-- Two hours are the least gap that is compared; of a run's polls its first and last matter.
near_changes as (
    select
        store_key,
        polled_us,
        is_active,
        lag(polled_us) over by_time as previous_polled_us,
        coalesce(
            is_active <> lag(is_active) over by_time
            or polled_us - lag(polled_us) over by_time > 7200000000,
            true
        ) as starts_run,
        lead(polled_us) over by_time is null as is_last,
    from polls
    window by_time as (partition by store_key order by polled_us)
    qualify starts_run or is_last
),

runs as (
    select
        store_key,
        is_active,
        polled_us as started_us,
        case
            when is_last then polled_us
            else lead(case when starts_run then previous_polled_us else polled_us end) over by_time
        end as last_polled_us,
    from near_changes
    window by_time as (partition by store_key order by polled_us)
    qualify starts_run
),

-- The status with which the polls that are kept begin. When its last poll was matters no more: no
-- limited gap reaches from there into the week.
in_force as (
    select
        status_runs.store_key,
        status_runs.is_active,
        status_runs.started_us,
        least(
            status_runs.last_polled_us, {{ polls_kept_from_us('horizon.as_of_us') }} - 1
        ) as last_polled_us,
    from {{ ref('int_status_runs') }} as status_runs
    inner join horizon
        on status_runs.started_us < {{ polls_kept_from_us('horizon.as_of_us') }}
        and coalesce(
            status_runs.next_started_us >= {{ polls_kept_from_us('horizon.as_of_us') }}, true
        )
),

united as (
    select store_key, is_active, started_us, last_polled_us from runs
    union all
    select store_key, is_active, started_us, last_polled_us from in_force
)

select
    store_key,
    is_active,
    started_us,
    last_polled_us,
    lead(started_us) over by_time as next_started_us,
    lead(is_active) over by_time as next_is_active,
from united
window by_time as (partition by store_key order by started_us)
