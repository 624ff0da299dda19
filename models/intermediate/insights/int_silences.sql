{{ config(materialized='view') }}

-- Stores with fewer than two polls in the week are measured by the others.
with expected as (
    select
        *,
        2 * coalesce(usual_gap_us, median(usual_gap_us) over ()) as longest_us,
    from {{ ref('int_usual_gaps') }}
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
    inner join {{ ref('int_long_gaps') }} as long_gaps
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

-- Where the poller rests at half of the closings or more, or none has shown whether it does, the night before
-- is no silence.
select
    expected.store_key,
    expected.usual_gap_us,
    coalesce(expected.last_polled_us < horizon.as_of_us - 604800000000, true)
    or coalesce(
        horizon.as_of_us - expected.last_polled_us > expected.longest_us
        and (silences.open_us > expected.longest_us or 2 * habits.rests < habits.closings),
        false
    ) as is_not_heard_from,
from expected
cross join {{ ref('int_horizon') }} as horizon
left join silences on expected.store_key = silences.store_key
left join habits on expected.store_key = habits.store_key
