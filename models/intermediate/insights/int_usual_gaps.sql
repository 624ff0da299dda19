{{ config(materialized='view') }}

with last_polls as (
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
    cross join {{ ref('int_horizon') }} as horizon
),

long_gaps as (
    select
        store_key,
        count(*) as gaps,
        sum(length_us) as total_us,
        median(length_us) as median_us,
    from {{ ref('int_long_gaps') }}
    group by store_key
)

-- The gaps in which the poller rests or fails say little about the others, unless they are most.
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
left join long_gaps on polls.store_key = long_gaps.store_key
