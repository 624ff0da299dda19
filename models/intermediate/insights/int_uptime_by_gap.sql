with gaps as (
    select distinct max_poll_gap_hours, max_poll_gap_us
    from {{ ref('int_compared_policies') }}
),

open_time as (
    select * from {{ ref('int_recent_open_time') }}
    where not is_excluded
),

runs as (
    select
        runs.store_key,
        runs.is_active,
        runs.started_us,
        runs.last_polled_us,
        coalesce(runs.next_started_us, horizon.as_of_us) as ended_us,
        coalesce(runs.next_is_active = runs.is_active, false) as is_confirmed_to_its_end,
    from {{ ref('int_recent_runs') }} as runs
    cross join {{ ref('int_horizon') }} as horizon
),

-- A store has few stretches of open time, however often its status changes in them.
open_runs as (
    select
        runs.store_key,
        runs.is_active,
        runs.last_polled_us,
        runs.is_confirmed_to_its_end,
        greatest(runs.started_us, open_time.started_us) as started_us,
        least(runs.ended_us, open_time.ended_us) as ended_us,
    from runs
    inner join open_time
        on runs.store_key = open_time.store_key
        and runs.started_us < open_time.ended_us
        and runs.ended_us > open_time.started_us
),

-- Without a limit the sum is null, and the status holds to the end.
held as (
    select
        open_runs.*,
        gaps.max_poll_gap_hours,
        least(open_runs.ended_us, open_runs.last_polled_us + gaps.max_poll_gap_us) as held_until_us,
    from open_runs
    cross join gaps
),

lengths as (
    select
        store_key,
        max_poll_gap_hours,
        is_active,
        greatest(held_until_us - started_us, 0) as held_us,
        greatest(
            case
                when is_confirmed_to_its_end then held_until_us
                else least(ended_us, last_polled_us)
            end - started_us,
            0
        ) as confirmed_us,
    from held
)

select
    store_key,
    max_poll_gap_hours,
    cast(sum(held_us) filter (where is_active) as bigint) as uptime_us,
    cast(sum(held_us) filter (where not is_active) as bigint) as downtime_us,
    cast(sum(confirmed_us) filter (where is_active) as bigint) as confirmed_uptime_us,
    cast(sum(confirmed_us) filter (where not is_active) as bigint) as confirmed_downtime_us,
from lengths
group by store_key, max_poll_gap_hours
