{# The table functions that readers call, made in the catalog in use; `timestamp` is in UTC. #}
{% macro create_functions() %}
    {% do run_query(
        uptime_between_sql() ~ explain_uptime_sql() ~ report_as_of_sql()
        ~ store_report_as_of_sql('store_report_minutes_as_of', report_columns('min', 60))
        ~ store_report_as_of_sql('store_report_mixed_as_of', report_columns('hours', 3600))
    ) %}
{% endmacro %}


{# Figures of every store for [from_at, to_at), as known by now. The timeline ends at `as_of`. #}
{% macro uptime_between_sql() %}
create or replace macro main.uptime_between(from_at, to_at) as table
with bounds as (
    select
        epoch_us(cast(from_at as timestamp)) as started_us,
        epoch_us(cast(to_at as timestamp)) as ended_us,
),

clipped as (
    select
        timeline.store_key,
        timeline.status,
        timeline.is_confirmed,
        least(timeline.ended_us, bounds.ended_us) - greatest(timeline.started_us, bounds.started_us) as length_us,
    from intermediate.int_store_timeline as timeline
    inner join bounds
        on timeline.started_us < bounds.ended_us
        and timeline.ended_us > bounds.started_us
    where bounds.started_us < bounds.ended_us
),

summed as (
    select
        store_key,
        {{ sums_of_time() }},
    from clipped
    group by store_key
)

select
    store_keys.store_id,
    {{ timestamp_utc('bounds.started_us') }} as started_at,
    {{ timestamp_utc('bounds.ended_us') }} as ended_at,
    {{ figures('summed') }},
from intermediate.int_store_keys as store_keys
cross join bounds
left join summed on store_keys.store_key = summed.store_key;
{% endmacro %}


{# What the figures of one store for [from_at, to_at) are made of. Windows and timeline rows are clipped
   to it, so that their seconds add up; exclusions, polls and runs are whole, from the one in force at
   the start to the first behind the end. #}
{% macro explain_uptime_sql() %}
create or replace macro main.explain_uptime(of_store_id, from_at, to_at) as table
with bounds as (
    select
        store_keys.store_id,
        store_keys.store_key,
        epoch_us(cast(from_at as timestamp)) as from_us,
        epoch_us(cast(to_at as timestamp)) as to_us,
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
        count(*) filter (where is_opening) over (order by started_us rows unbounded preceding) as window_number,
    from (
        select *, coalesce(started_us > lag(ended_us) over (order by started_us), true) as is_opening
        from timeline
    ) as openings
),

polls as (
    select polls.polled_us, polls.is_active
    from intermediate.int_recent_polls as polls
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


{# Up, down and unknown time as a report of that instant would have told it: a store whose first
   poll came later had not been polled then. What polls confirm is not told, since of each run of
   polls only its first and last are known here. #}
{% macro report_as_of_sql() %}
create or replace macro main.period_uptime_as_of(as_of_at) as table
with periods as (
    select
        period,
        epoch_us(cast(as_of_at as timestamp)) - length_us as started_us,
        epoch_us(cast(as_of_at as timestamp)) as ended_us,
    from (values {{ period_lengths() }}) as lengths (period, length_us)
),

not_yet_polled as (
    select store_keys.store_key
    from main.stores as stores
    inner join intermediate.int_store_keys as store_keys on stores.store_id = store_keys.store_id
    where stores.first_polled_at > cast(as_of_at as timestamp)
),

timeline as (
    select
        timeline.store_key,
        timeline.started_us,
        timeline.ended_us,
        case
            when not_yet_polled.store_key is not null then {{ status_when_never_polled() }}
            else timeline.status
        end as status,
        false as is_confirmed,
    from intermediate.int_store_timeline as timeline
    left join not_yet_polled on timeline.store_key = not_yet_polled.store_key
),

clipped as (
    select
        timeline.store_key,
        periods.period,
        timeline.status,
        timeline.is_confirmed,
        least(timeline.ended_us, periods.ended_us) - greatest(timeline.started_us, periods.started_us) as length_us,
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
)

select
    store_keys.store_id,
    periods.period,
    {{ timestamp_utc('periods.started_us') }} as started_at,
    {{ timestamp_utc('periods.ended_us') }} as ended_at,
    coalesce(summed.business_us, 0) / 1000000.0e0 as business_seconds,
    coalesce(summed.uptime_us, 0) / 1000000.0e0 as uptime_seconds,
    coalesce(summed.downtime_us, 0) / 1000000.0e0 as downtime_seconds,
    coalesce(summed.unknown_us, 0) / 1000000.0e0 as unknown_seconds,
    coalesce(summed.excluded_us, 0) / 1000000.0e0 as excluded_seconds,
from intermediate.int_store_keys as store_keys
cross join periods
left join summed
    on store_keys.store_key = summed.store_key
    and periods.period = summed.period;
{% endmacro %}


{# ('last_hour', 3600000000), … #}
{% macro period_lengths() %}
    {% set rows = [] %}
    {% for row in run_query('select period, length_us from ' ~ target.database ~ '.staging.stg_periods').rows %}
        {% do rows.append('(' ~ quoted(row.period) ~ ', ' ~ row.length_us ~ ')') %}
    {% endfor %}
    {% do return(rows | join(', ')) %}
{% endmacro %}


{% macro store_report_as_of_sql(name, columns) %}
create or replace macro main.{{ name }}(as_of_at) as table
select
    store_id,
    {{ columns }}
from main.period_uptime_as_of(as_of_at)
group by store_id
order by store_id;
{% endmacro %}
