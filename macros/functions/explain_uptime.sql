{# What the figures of one store for [from_at, to_at) are made of. Windows and timeline rows are clipped
   to it, so that their seconds add up. Exclusions that overlap it are whole; so are polls and runs, from
   the one in force at the start to the first after the end. #}
{% macro explain_uptime_sql() %}
create or replace macro main.explain_uptime(of_store_id, from_at, to_at) as table
with bounds as (
    select
        store_keys.store_id,
        store_keys.store_key,
        {{ instant_given_us('from_at') }} as from_us,
        {{ instant_given_us('to_at') }} as to_us,
        {{ polls_kept_from_us('horizon.as_of_us') }} as polls_kept_from_us,
    from intermediate.int_store_keys as store_keys
    cross join intermediate.int_horizon as horizon
    where store_keys.store_id = cast(of_store_id as varchar)
),

timeline as (
    select
        greatest(timeline.started_us, bounds.from_us) as started_us,
        least(timeline.ended_us, bounds.to_us) as ended_us,
        least(timeline.ended_us, bounds.to_us) - greatest(timeline.started_us, bounds.from_us) as length_us,
        timeline.status,
        timeline.is_confirmed,
    from intermediate.int_store_timeline as timeline
    inner join bounds
        on timeline.store_key = bounds.store_key
        and timeline.started_us < bounds.to_us
        and timeline.ended_us > bounds.from_us
    where bounds.from_us < bounds.to_us
),

-- Timeline rows that touch are of one business window.
numbered as (
    select
        *,
        count_if(is_opening) over (order by started_us rows unbounded preceding) as window_number,
    from (
        select *, coalesce(started_us > lag(ended_us) over (order by started_us), true) as is_opening
        from timeline
    ) as openings
),

-- The last poll before those that are kept ends a run if a long gap follows.
polls_known as (
    select store_key, polled_us, is_active
    from intermediate.int_recent_polls

    union all

    select runs.store_key, runs.last_polled_us, runs.is_active
    from intermediate.int_recent_runs as runs
    inner join bounds
        on runs.store_key = bounds.store_key
        and runs.last_polled_us < bounds.polls_kept_from_us
),

polls as (
    select polls.polled_us, polls.is_active
    from polls_known as polls
    inner join bounds
        on polls.store_key = bounds.store_key
        and bounds.to_us >= bounds.polls_kept_from_us
        and bounds.from_us < bounds.to_us
    qualify
        coalesce(lead(polls.polled_us) over (order by polls.polled_us) > bounds.from_us, true)
        and coalesce(lag(polls.polled_us) over (order by polls.polled_us) < bounds.to_us, true)
),

runs as (
    select runs.started_us, runs.last_polled_us, runs.is_active
    from intermediate.int_status_runs as runs
    inner join bounds on runs.store_key = bounds.store_key and bounds.from_us < bounds.to_us
    qualify
        coalesce(runs.next_started_us > bounds.from_us, true)
        and coalesce(lag(runs.started_us) over (order by runs.started_us) < bounds.to_us, true)
),

summed as (
    select {{ sums_of_time() }},
    from timeline
),

figures as (
    select {{ figures('summed') }},
    from bounds
    cross join summed
),

rows_behind as (
    select
        1 as place,
        'window' as kind,
        'business_seconds' as figure,
        min(started_us) as started_us,
        max(ended_us) as ended_us,
        null as status,
        null as is_confirmed,
        sum(length_us) / 1000000.0e0 as seconds,
    from numbered
    group by window_number

    union all

    select 2, 'exclusion', null, epoch_us(exclusions.started_at), epoch_us(exclusions.ended_at), null, null, null
    from main.exclusions as exclusions
    inner join bounds
        on exclusions.store_id in (bounds.store_id, '*')
        and exclusions.started_at < {{ timestamp_utc('bounds.to_us') }}
        and exclusions.ended_at > {{ timestamp_utc('bounds.from_us') }}
    where bounds.from_us < bounds.to_us and '{{ var("exclusions") }}' <> 'ignore'

    union all

    select 3, 'poll', null, polled_us, null, case when is_active then 'active' else 'inactive' end, null, null
    from polls

    union all

    select
        4, 'run', null, started_us, last_polled_us,
        case when is_active then 'active' else 'inactive' end, null, null
    from runs

    union all

    select
        5,
        'timeline',
        case status
            when 'up' then 'uptime_seconds'
            when 'down' then 'downtime_seconds'
            when 'unknown' then 'unknown_seconds'
            else 'excluded_seconds'
        end,
        started_us,
        ended_us,
        status,
        is_confirmed,
        length_us / 1000000.0e0,
    from timeline

    union all

    select 6, 'figure', unnested.figure, bounds.from_us, bounds.to_us, null, null, unnested.seconds
    from bounds
    cross join (
        unpivot (
            select
                business_seconds,
                uptime_seconds,
                downtime_seconds,
                unknown_seconds,
                excluded_seconds,
                uptime_seconds_min,
                uptime_seconds_max,
                confirmed_seconds,
            from figures
        )
        on columns(*) into name figure value seconds
    ) as unnested
)

select
    kind,
    figure,
    {{ timestamp_utc('started_us') }} as started_at,
    {{ timestamp_utc('ended_us') }} as ended_at,
    status,
    is_confirmed,
    seconds,
from rows_behind
order by place, started_us, ended_us;
{% endmacro %}
