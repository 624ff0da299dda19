with store_keys as (
    select * from {{ ref('int_store_keys') }}
),

horizon as (
    select * from {{ ref('int_horizon') }}
),

periods as (
    select
        periods.period,
        horizon.as_of_us - periods.length_us as started_us,
        horizon.as_of_us as ended_us,
    from {{ ref('stg_periods') }} as periods
    cross join horizon
),

timeline as (
    select * from {{ ref('int_store_timeline') }}
    where ended_us > (select min(started_us) from periods)
),

clipped as (
    select
        timeline.store_key,
        periods.period,
        timeline.status,
        timeline.is_confirmed,
        least(timeline.ended_us, periods.ended_us)
        - greatest(timeline.started_us, periods.started_us) as length_us,
    from timeline
    inner join periods
        on timeline.started_us < periods.ended_us
        and timeline.ended_us > periods.started_us
),

summed as (
    select
        store_key,
        period,
        {{ sums_of_time() }},
    from clipped
    group by store_key, period
),

-- The stretches between the starts of periods, each of which is in the same periods throughout.
segments as (
    select
        started_us,
        coalesce(lead(started_us) over (order by started_us), ended_us) as ended_us,
    from periods
),

rows_of_segments as (
    select
        polls.store_key,
        segments.started_us,
        count(*) as polls,
    from {{ ref('int_polls') }} as polls
    inner join segments
        on polls.polled_us >= segments.started_us
        and polls.polled_us < segments.ended_us
    where
        polls.is_active is not null
        -- Lets DuckDB pass over older polls.
        and polls.polled_us >= (select min(started_us) from periods)
    group by polls.store_key, segments.started_us
),

-- Several rows of one store and instant are one poll.
repeats_of_segments as (
    select
        changes.store_key,
        segments.started_us,
        -changes.repeats as polls,
    from {{ ref('int_status_changes') }} as changes
    inner join segments
        on changes.polled_us >= segments.started_us
        and changes.polled_us < segments.ended_us
    where changes.repeats > 0
),

polls_of_segments as (
    select * from rows_of_segments
    union all
    select * from repeats_of_segments
),

polls_in_period as (
    select
        polls_of_segments.store_key,
        periods.period,
        cast(sum(polls_of_segments.polls) as bigint) as polls,
    from polls_of_segments
    inner join periods on polls_of_segments.started_us >= periods.started_us
    group by polls_of_segments.store_key, periods.period
)

select
    store_keys.store_id,
    periods.period,
    {{ timestamp_utc('periods.started_us') }} as started_at,
    {{ timestamp_utc('periods.ended_us') }} as ended_at,
    {{ figures('summed') }},
    coalesce(polls_in_period.polls, 0) as polls,
from store_keys
cross join periods
left join summed
    on store_keys.store_key = summed.store_key
    and periods.period = summed.period
left join polls_in_period
    on store_keys.store_key = polls_in_period.store_key
    and periods.period = polls_in_period.period
order by store_keys.store_id, periods.ended_us - periods.started_us
