{{ config(materialized='view') }}

with horizon as (
    select
        as_of_us - 604800000000 as started_us,
        as_of_us as ended_us,
    from {{ ref('int_horizon') }}
),

store_keys as (
    select * from {{ ref('int_store_keys') }}
),

-- The least of them is compared_gap_us, at which runs are parted, and the greatest is how much longer
-- than a week polls are kept.
gaps as (
    select
        limits.hours as max_poll_gap_hours,
        limits.hours * 3600000000 as max_poll_gap_us,
    from (values (cast(null as bigint)), (2), (4), (8), (24)) as limits (hours)
),

backfills as (
    select words.status_before_first_poll
    from (values ('first_known'), ('unknown'), ('active'), ('inactive')) as words (status_before_first_poll)
),

open_time as (
    select
        timeline.store_key,
        greatest(timeline.started_us, horizon.started_us) as started_us,
        least(timeline.ended_us, horizon.ended_us) as ended_us,
        exclusions.store_key is not null as is_excluded,
    from {{ ref('int_store_timeline') }} as timeline
    inner join horizon on timeline.ended_us > horizon.started_us
    left join {{ ref('int_exclusions') }} as exclusions
        on timeline.store_key = exclusions.store_key
        and timeline.started_us >= exclusions.started_us
        and timeline.started_us < exclusions.ended_us
),

-- A store has few stretches of open time, however often its status changes in them. The end of a row less
-- the open time so far is the same for rows that touch, so it tells one stretch from the next.
counted_time as (
    select
        store_key,
        started_us,
        ended_us,
        ended_us - sum(ended_us - started_us) over (
            partition by store_key order by started_us rows unbounded preceding
        ) as stretch_id,
    from open_time
    where not is_excluded
),

stretches as (
    select
        store_key,
        min(started_us) as started_us,
        max(ended_us) as ended_us,
    from counted_time
    group by store_key, stretch_id
),

runs as (
    select
        runs.*,
        coalesce(runs.next_started_us, horizon.ended_us) as ended_us,
        coalesce(runs.next_is_active = runs.is_active, false) as is_confirmed_to_its_end,
    from {{ ref('int_recent_runs') }} as runs
    cross join horizon
),

first_runs as (
    select
        store_key,
        min(started_us) as started_us,
        min_by(is_active, started_us) as is_active,
    from {{ ref('int_status_runs') }}
    group by store_key
),

business_time as (
    select
        store_key,
        cast(sum(ended_us - started_us) as bigint) as business_us,
        cast(coalesce(sum(ended_us - started_us) filter (where is_excluded), 0) as bigint) as away_us,
    from open_time
    group by store_key
),

-- Without a limit a run holds until the next one; where that agrees, all of it is confirmed.
held as (
    select
        runs.store_key,
        runs.is_active,
        least(stretches.ended_us, runs.ended_us)
        - greatest(stretches.started_us, runs.started_us) as length_us,
        greatest(
            least(
                stretches.ended_us,
                case when runs.is_confirmed_to_its_end then runs.ended_us else runs.last_polled_us end
            ) - greatest(stretches.started_us, runs.started_us),
            0
        ) as confirmed_us,
    from runs
    inner join stretches
        on runs.store_key = stretches.store_key
        and runs.started_us < stretches.ended_us
        and runs.ended_us > stretches.started_us
),

between_polls as (
    select
        store_key,
        cast(sum(length_us) filter (where is_active) as bigint) as uptime_us,
        cast(sum(length_us) filter (where not is_active) as bigint) as downtime_us,
        cast(sum(confirmed_us) filter (where is_active) as bigint) as confirmed_uptime_us,
        cast(sum(confirmed_us) filter (where not is_active) as bigint) as confirmed_downtime_us,
    from held
    group by store_key
),

-- What a limit takes away again, of the few stretches without polls that are longer.
beyond_gaps as (
    select
        runs.store_key,
        gaps.max_poll_gap_hours,
        runs.is_active,
        runs.is_confirmed_to_its_end as is_confirmed,
        runs.last_polled_us + gaps.max_poll_gap_us as started_us,
        runs.ended_us,
    from runs
    inner join gaps on runs.last_polled_us + gaps.max_poll_gap_us < runs.ended_us
),

lost as (
    select
        beyond_gaps.store_key,
        beyond_gaps.max_poll_gap_hours,
        beyond_gaps.is_active,
        beyond_gaps.is_confirmed,
        least(stretches.ended_us, beyond_gaps.ended_us)
        - greatest(stretches.started_us, beyond_gaps.started_us) as length_us,
    from beyond_gaps
    inner join stretches
        on beyond_gaps.store_key = stretches.store_key
        and beyond_gaps.started_us < stretches.ended_us
        and beyond_gaps.ended_us > stretches.started_us
),

lost_to_gaps as (
    select
        store_key,
        max_poll_gap_hours,
        cast(sum(length_us) filter (where is_active) as bigint) as uptime_us,
        cast(sum(length_us) filter (where not is_active) as bigint) as downtime_us,
        cast(sum(length_us) filter (where is_active and is_confirmed) as bigint) as confirmed_uptime_us,
        cast(sum(length_us) filter (where not is_active and is_confirmed) as bigint) as confirmed_downtime_us,
    from lost
    group by store_key, max_poll_gap_hours
),

before_first_poll as (
    select
        first_runs.store_key,
        gaps.max_poll_gap_hours,
        cast(
            sum(least(stretches.ended_us, first_runs.started_us) - stretches.started_us) as bigint
        ) as length_us,
        cast(sum(greatest(
            least(stretches.ended_us, first_runs.started_us)
            - greatest(stretches.started_us, first_runs.started_us - gaps.max_poll_gap_us),
            0
        )) as bigint) as first_known_us,
    from first_runs
    inner join horizon on first_runs.started_us > horizon.started_us
    inner join stretches
        on first_runs.store_key = stretches.store_key
        and first_runs.started_us > stretches.started_us
    cross join gaps
    group by first_runs.store_key, gaps.max_poll_gap_hours
),

policies as (
    select
        store_keys.store_id,
        backfills.status_before_first_poll,
        gaps.max_poll_gap_hours,
        coalesce(business_time.business_us, 0) as business_us,
        coalesce(business_time.away_us, 0) as away_us,
        coalesce(between_polls.uptime_us, 0) - coalesce(lost_to_gaps.uptime_us, 0) as uptime_us,
        coalesce(between_polls.downtime_us, 0) - coalesce(lost_to_gaps.downtime_us, 0) as downtime_us,
        coalesce(between_polls.confirmed_uptime_us, 0)
        - coalesce(lost_to_gaps.confirmed_uptime_us, 0) as confirmed_uptime_us,
        coalesce(between_polls.confirmed_downtime_us, 0)
        - coalesce(lost_to_gaps.confirmed_downtime_us, 0) as confirmed_downtime_us,
        case
            when first_runs.store_key is null
                then coalesce(business_time.business_us - business_time.away_us, 0)
            when backfills.status_before_first_poll = 'first_known'
                then coalesce(before_first_poll.first_known_us, 0)
            else coalesce(before_first_poll.length_us, 0)
        end as assumed_us,
        case
            when first_runs.store_key is null then {{ status_when_never_polled() }}
            when backfills.status_before_first_poll = 'unknown' then 'unknown'
            when backfills.status_before_first_poll = 'active' then 'up'
            when backfills.status_before_first_poll = 'inactive' then 'down'
            else {{ up_or_down('first_runs.is_active') }}
        end as assumed_status,
    from store_keys
    cross join backfills
    cross join gaps
    left join business_time on store_keys.store_key = business_time.store_key
    left join first_runs on store_keys.store_key = first_runs.store_key
    left join between_polls on store_keys.store_key = between_polls.store_key
    left join lost_to_gaps
        on store_keys.store_key = lost_to_gaps.store_key
        and gaps.max_poll_gap_hours = lost_to_gaps.max_poll_gap_hours
    left join before_first_poll
        on store_keys.store_key = before_first_poll.store_key
        and gaps.max_poll_gap_hours is not distinct from before_first_poll.max_poll_gap_hours
),

summed as (
    select
        * exclude (uptime_us, downtime_us),
        {{ '0' if var('exclusions') == 'count_up' else 'away_us' }} as excluded_us,
        uptime_us
        + case when assumed_status = 'up' then assumed_us else 0 end
        + {{ 'away_us' if var('exclusions') == 'count_up' else '0' }} as uptime_us,
        downtime_us
        + case when assumed_status = 'down' then assumed_us else 0 end as downtime_us,
    from policies
)

select
    store_id,
    status_before_first_poll
    || case when max_poll_gap_hours is null then '' else ', ' || max_poll_gap_hours || ' h' end
        as policy,
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
