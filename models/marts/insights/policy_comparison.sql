{{ config(materialized='view') }}

with policies as (
    select * from {{ ref('int_compared_policies') }}
),

gaps as (
    select distinct max_poll_gap_hours, max_poll_gap_us from policies
),

store_keys as (
    select * from {{ ref('int_store_keys') }}
),

open_time as (
    select * from {{ ref('int_recent_open_time') }}
),

between_polls as (
    select * from {{ ref('int_uptime_by_gap') }}
),

first_polls as (
    select store_key, started_us as polled_us, is_active
    from {{ ref('int_status_runs') }}
    where is_first
),

business_time as (
    select
        store_key,
        cast(sum(ended_us - started_us) as bigint) as business_us,
        cast(sum(ended_us - started_us) filter (where is_excluded) as bigint) as in_exclusions_us,
    from open_time
    group by store_key
),

before_first_poll as (
    select
        first_polls.store_key,
        gaps.max_poll_gap_hours,
        cast(
            sum(least(open_time.ended_us, first_polls.polled_us) - open_time.started_us) as bigint
        ) as length_us,
        cast(sum(greatest(
            least(open_time.ended_us, first_polls.polled_us)
            - greatest(open_time.started_us, first_polls.polled_us - gaps.max_poll_gap_us),
            0
        )) as bigint) as within_gap_us,
    from first_polls
    inner join open_time
        on first_polls.store_key = open_time.store_key
        and first_polls.polled_us > open_time.started_us
    cross join gaps
    where not open_time.is_excluded
    group by first_polls.store_key, gaps.max_poll_gap_hours
),

-- What no poll tells: the time before the first one, or all of it where there is none.
assumed as (
    select
        store_keys.*,
        policies.*,
        coalesce(business_time.business_us, 0) as business_us,
        coalesce(business_time.in_exclusions_us, 0) as in_exclusions_us,
        case
            when first_polls.store_key is null then {{ status_when_never_polled() }}
            when policies.status_before_first_poll = 'unknown' then 'unknown'
            when policies.status_before_first_poll = 'active' then 'up'
            when policies.status_before_first_poll = 'inactive' then 'down'
            else {{ up_or_down('first_polls.is_active') }}
        end as status,
        case
            when first_polls.store_key is null
                then coalesce(business_time.business_us - coalesce(business_time.in_exclusions_us, 0), 0)
            when policies.status_before_first_poll = 'first_known'
                then coalesce(before_first_poll.within_gap_us, 0)
            else coalesce(before_first_poll.length_us, 0)
        end as length_us,
    from store_keys
    cross join policies
    left join first_polls on store_keys.store_key = first_polls.store_key
    left join business_time on store_keys.store_key = business_time.store_key
    left join before_first_poll
        on store_keys.store_key = before_first_poll.store_key
        and policies.max_poll_gap_hours is not distinct from before_first_poll.max_poll_gap_hours
),

summed as (
    select
        assumed.*,
        {{ '0' if var('exclusions') == 'count_up' else 'assumed.in_exclusions_us' }} as excluded_us,
        coalesce(between_polls.uptime_us, 0)
        + case when assumed.status = 'up' then assumed.length_us else 0 end
        + {{ 'assumed.in_exclusions_us' if var('exclusions') == 'count_up' else '0' }} as uptime_us,
        coalesce(between_polls.downtime_us, 0)
        + case when assumed.status = 'down' then assumed.length_us else 0 end as downtime_us,
        coalesce(between_polls.confirmed_uptime_us, 0) as confirmed_uptime_us,
        coalesce(between_polls.confirmed_downtime_us, 0) as confirmed_downtime_us,
    from assumed
    left join between_polls
        on assumed.store_key = between_polls.store_key
        and assumed.max_poll_gap_hours is not distinct from between_polls.max_poll_gap_hours
)

select
    store_id,
    policy,
    status_before_first_poll,
    max_poll_gap_hours,
    business_us / 1000000.0e0 as business_seconds,
    uptime_us / 1000000.0e0 as uptime_seconds,
    downtime_us / 1000000.0e0 as downtime_seconds,
    (business_us - excluded_us - uptime_us - downtime_us) / 1000000.0e0 as unknown_seconds,
    excluded_us / 1000000.0e0 as excluded_seconds,
    confirmed_uptime_us / 1000000.0e0 as uptime_seconds_min,
    (business_us - excluded_us - confirmed_downtime_us) / 1000000.0e0 as uptime_seconds_max,
    {{ ratio('uptime_us', 'uptime_us + downtime_us') }} as uptime_ratio,
from summed
