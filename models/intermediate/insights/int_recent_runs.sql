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
        notable.store_key,
        notable.is_active,
        notable.polled_us as started_us,
        lead(notable.previous_polled_us) over by_time as last_polled_us,
        lead(notable.polled_us) over by_time as next_started_us,
        lead(notable.is_active) over by_time as next_is_active,
        last_polls.polled_us as last_polled_of_all_us,
    from {{ ref('int_notable_polls') }} as notable
    inner join last_polls
        on notable.store_key = last_polls.store_key
        and notable.polled_us >= last_polls.first_started_us
    where
        notable.previous_polled_us is null
        or notable.is_active <> notable.previous_is_active
        or notable.polled_us - notable.previous_polled_us > (select gap_us from {{ ref('int_notable_gap') }})
    window by_time as (partition by notable.store_key order by notable.polled_us)
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
