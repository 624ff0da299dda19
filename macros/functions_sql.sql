{# The statements that make the table functions that readers call, in the catalog in use; `timestamp` is
   in UTC. #}
{% macro functions_sql() %}
    {% do return(
        uptime_between_sql() ~ explain_uptime_sql() ~ report_as_of_sql()
        ~ store_report_as_of_sql('store_report_minutes_as_of', report_columns('min', 60))
        ~ store_report_as_of_sql('store_report_mixed_as_of', report_columns('hours', 3600))
        ~ store_report_as_of_sql('store_report_minutes_all_as_of', all_report_columns('min', 60))
        ~ store_report_as_of_sql('store_report_mixed_all_as_of', all_report_columns('hours', 3600))
    ) %}
{% endmacro %}


{# An argument in microseconds. By way of its text, as a cast to a timestamp takes an offset to UTC for
   nothing, and an instant with a zone for what the clock of the session shows. #}
{% macro instant_given_us(argument) -%}
    {%- set text = 'cast(' ~ argument ~ ' as varchar)' -%}
    coalesce({{ instant_us(text) }}, epoch_us(cast({{ text }} as timestamp)))
{%- endmacro %}


{# Figures of every store for [from_at, to_at), as known by now. The timeline ends at `as_of`. #}
{% macro uptime_between_sql() %}
create or replace macro main.uptime_between(from_at, to_at) as table
{{ figures_between(instant_given_us('from_at'), instant_given_us('to_at')) }};
{% endmacro %}


{% macro figures_between(from_us, to_us) %}
with bounds as (
    select
        {{ from_us }} as started_us,
        {{ to_us }} as ended_us,
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
left join summed on store_keys.store_key = summed.store_key
{% endmacro %}


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


{# The figures as a report of that instant would have told them: a store whose first poll came later had
   not been polled then, and what lies after a store's last poll by then was not confirmed yet. Of older
   instants that poll is not known, nor how many there were, and what depends on them is null. #}
{% macro report_as_of_sql() %}
create or replace macro main.period_uptime_as_of(as_of_at) as table
with periods as (
    {{ periods_until(
        instant_given_us('as_of_at'), '(values ' ~ period_lengths() ~ ') as lengths (period, length_us)'
    ) }}
),

horizon as (
    select
        {{ polls_kept_from_us('as_of_us') }} as polls_kept_from_us,
        {{ instant_given_us('as_of_at') }} as as_of_us,
    from intermediate.int_horizon
),

runs as (
    select
        runs.store_key,
        max_by(runs.last_polled_us, runs.started_us) as last_polled_us,
    from intermediate.int_status_runs as runs
    inner join horizon on runs.started_us <= horizon.as_of_us
    group by runs.store_key
),

recent_polls as (
    select polls.store_key, max(polls.polled_us) as last_polled_us
    from intermediate.int_recent_polls as polls
    inner join horizon on polls.polled_us <= horizon.as_of_us
    group by polls.store_key
),

-- A run that goes on after the instant had its last poll by then somewhere before it.
last_polls as (
    select
        store_keys.store_key,
        runs.store_key is not null as is_polled,
        case
            when runs.last_polled_us > horizon.as_of_us then recent_polls.last_polled_us
            else coalesce(runs.last_polled_us, horizon.as_of_us)
        end as last_polled_us,
    from intermediate.int_store_keys as store_keys
    cross join horizon
    left join runs on store_keys.store_key = runs.store_key
    left join recent_polls on store_keys.store_key = recent_polls.store_key
),

-- Excluded time does not depend on polls.
excluded as (
    select distinct timeline.store_key, timeline.started_us
    from last_polls
    inner join intermediate.int_store_timeline as timeline on last_polls.store_key = timeline.store_key
    inner join intermediate.int_exclusions as exclusions
        on timeline.store_key = exclusions.store_key
        and timeline.started_us < exclusions.ended_us
        and timeline.ended_us > exclusions.started_us
    where not last_polls.is_polled
),

clipped as (
    select
        timeline.store_key,
        periods.period,
        case
            when last_polls.is_polled or excluded.store_key is not null then timeline.status
            else {{ status_when_never_polled() }}
        end as status,
        greatest(timeline.started_us, periods.started_us) as started_us,
        least(timeline.ended_us, periods.ended_us) as ended_us,
        case when last_polls.is_polled and timeline.is_confirmed then last_polls.last_polled_us end
            as confirmed_until_us,
    from intermediate.int_store_timeline as timeline
    inner join last_polls on timeline.store_key = last_polls.store_key
    left join excluded
        on timeline.store_key = excluded.store_key
        and timeline.started_us = excluded.started_us
    inner join periods
        on timeline.started_us < periods.ended_us
        and timeline.ended_us > periods.started_us
),

-- Each stretch up to that poll, and after it.
parts as (
    select
        store_key,
        period,
        status,
        true as is_confirmed,
        least(ended_us, confirmed_until_us) - started_us as length_us,
    from clipped
    where confirmed_until_us > started_us

    union all

    select
        store_key,
        period,
        status,
        false,
        ended_us - greatest(started_us, confirmed_until_us),
    from clipped
    where coalesce(confirmed_until_us < ended_us, true)
),

summed as (
    select
        store_key,
        period,
        {{ sums_of_time() }},
    from parts
    group by store_key, period
),

polls_in_period as (
    select
        polls.store_key,
        periods.period,
        count(*) as polls,
    from intermediate.int_recent_polls as polls
    inner join periods
        on polls.polled_us >= periods.started_us
        and polls.polled_us < periods.ended_us
    group by polls.store_key, periods.period
),

told as (
    select
        store_keys.store_id,
        periods.period,
        {{ timestamp_utc('periods.started_us') }} as started_at,
        {{ timestamp_utc('periods.ended_us') }} as ended_at,
        {{ figures('summed') }},
        case
            when periods.started_us >= horizon.polls_kept_from_us then coalesce(polls_in_period.polls, 0)
        end as polls,
        last_polls.last_polled_us is not null as is_last_poll_known,
    from intermediate.int_store_keys as store_keys
    cross join periods
    cross join horizon
    inner join last_polls on store_keys.store_key = last_polls.store_key
    left join summed
        on store_keys.store_key = summed.store_key
        and periods.period = summed.period
    left join polls_in_period
        on store_keys.store_key = polls_in_period.store_key
        and periods.period = polls_in_period.period
)

select
    store_id,
    period,
    started_at,
    ended_at,
    business_seconds,
    uptime_seconds,
    downtime_seconds,
    unknown_seconds,
    excluded_seconds,
    case when is_last_poll_known then uptime_seconds_min end as uptime_seconds_min,
    case when is_last_poll_known then uptime_seconds_max end as uptime_seconds_max,
    case when is_last_poll_known then confirmed_seconds end as confirmed_seconds,
    uptime_ratio,
    case when is_last_poll_known then coverage_ratio end as coverage_ratio,
    polls,
from told;
{% endmacro %}


{# ('last_hour', 3600000000), … #}
{% macro period_lengths() %}
    {% set rows = [] %}
    {% for row in run_query('select period, length_us from ' ~ adapter.quote(target.database) ~ '.staging.stg_periods').rows %}
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
