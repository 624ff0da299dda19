{{ config(materialized='view') }}

with horizon as (
    select
        as_of_us,
        as_of_us - 604800000000 as starts_us,
    from {{ ref('int_horizon') }}
),

last_polls as (
    select
        store_key,
        max(last_polled_us) as last_polled_us,
    from {{ ref('int_status_runs') }}
    group by store_key
),

polls_of_week as (
    select
        store_keys.store_key,
        polls.first_polled_us,
        last_polls.last_polled_us,
        -- A poll at `as_of` is the last of the week, but after the period, which ends there.
        polls.polls + cast(last_polls.last_polled_us = horizon.as_of_us as integer) - 1 as gaps,
    from {{ ref('int_store_keys') }} as store_keys
    left join last_polls on store_keys.store_key = last_polls.store_key
    left join {{ ref('int_period_polls') }} as polls
        on store_keys.store_key = polls.store_key
        and polls.period = 'last_week'
    cross join horizon
),

long_gaps as (
    select
        changes.store_key,
        changes.previous_polled_us as started_us,
        changes.polled_us as ended_us,
        changes.polled_us - changes.previous_polled_us as length_us,
    from {{ ref('int_status_changes') }} as changes
    inner join horizon
        on changes.previous_polled_us >= horizon.starts_us
        and changes.polled_us <= horizon.as_of_us
    where changes.polled_us - changes.previous_polled_us > {{ compared_gap_us() }}
),

long_gaps_of_stores as (
    select
        store_key,
        count(*) as gaps,
        sum(length_us) as total_us,
        median(length_us) as median_us,
    from long_gaps
    group by store_key
),

-- The gaps in which the poller rests or fails say little about the others, unless they are most.
usual as (
    select
        polls.store_key,
        polls.first_polled_us,
        polls.last_polled_us,
        case
            when 2 * long_gaps.gaps > polls.gaps then long_gaps.median_us
            else
                (polls.last_polled_us - polls.first_polled_us - coalesce(long_gaps.total_us, 0))
                / nullif(polls.gaps - coalesce(long_gaps.gaps, 0), 0.0e0)
        end as usual_gap_us,
    from polls_of_week as polls
    left join long_gaps_of_stores as long_gaps on polls.store_key = long_gaps.store_key
),

-- Stores with fewer than two polls in the week are measured by the others.
expected as (
    select
        *,
        2 * coalesce(usual_gap_us, median(usual_gap_us) over ()) as longest_us,
    from usual
),

open_time as (
    select
        store_key,
        started_us,
        ended_us,
        lead(started_us) over (partition by store_key order by started_us) as reopened_us,
    from {{ ref('int_recent_open_time') }}
),

silences as (
    select
        expected.store_key,
        sum(open_time.ended_us - greatest(open_time.started_us, expected.last_polled_us)) as open_us,
    from expected
    inner join open_time
        on expected.store_key = open_time.store_key
        and expected.last_polled_us < open_time.ended_us
    group by expected.store_key
),

-- Closed long enough for a rest of the poller to show.
closings as (
    select
        expected.store_key,
        open_time.ended_us as closed_us,
        open_time.reopened_us,
        expected.longest_us,
    from expected
    inner join open_time
        on expected.store_key = open_time.store_key
        and expected.first_polled_us <= open_time.ended_us
        and expected.last_polled_us >= open_time.reopened_us
    where
        open_time.reopened_us - open_time.ended_us
        > greatest(expected.longest_us, {{ compared_gap_us() }})
),

rests as (
    select
        closings.store_key,
        closings.closed_us,
    from closings
    inner join long_gaps
        on closings.store_key = long_gaps.store_key
        and least(closings.reopened_us, long_gaps.ended_us)
        - greatest(closings.closed_us, long_gaps.started_us) > closings.longest_us
    group by closings.store_key, closings.closed_us
),

habits as (
    select
        closings.store_key,
        count(*) as closings,
        count(rests.closed_us) as rests,
    from closings
    left join rests
        on closings.store_key = rests.store_key
        and closings.closed_us = rests.closed_us
    group by closings.store_key
)

-- Where the poller rests at about every closing, or none has shown whether it does, the night before
-- is no silence.
select
    expected.store_key,
    expected.usual_gap_us,
    coalesce(expected.last_polled_us < horizon.starts_us, true)
    or coalesce(
        horizon.as_of_us - expected.last_polled_us > expected.longest_us
        and (silences.open_us > expected.longest_us or 2 * habits.rests < habits.closings),
        false
    ) as is_not_heard_from,
from expected
cross join horizon
left join silences on expected.store_key = silences.store_key
left join habits on expected.store_key = habits.store_key
