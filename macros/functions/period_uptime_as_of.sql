{# The figures as a report of that instant would have told them: a store whose first poll came later had
   not been polled then, and what lies after a store's last poll by then was not confirmed yet. Of older
   instants that poll is not known, nor how many there were, and what depends on them is null. #}
{% macro period_uptime_as_of_sql() %}
create or replace macro main.period_uptime_as_of(as_of_at) as table
with periods as (
    {{ periods_until(
        instant_given_us('as_of_at'), '(values ' ~ period_lengths() ~ ') as lengths (period, length_us)'
    ) }}
),

-- Of other times the timeline does not tell what a build would.
horizon as (
    select
        {{ polls_kept_from_us('as_of_us') }} as polls_kept_from_us,
        case
            when {{ instant_given_us('as_of_at') }} between first_poll.polled_us and ahead_until_us
                then {{ instant_given_us('as_of_at') }}
            else error(concat(
                'Reports can look back from ', coalesce({{ timestamp_utc('first_poll.polled_us') }}::varchar, 'the first poll'),
                ' to ', {{ timestamp_utc('ahead_until_us') }}, ' UTC, ', as_of_at, ' is outside.'
            ))
        end as as_of_us,
    from intermediate.int_horizon
    cross join (select min(started_us) as polled_us from intermediate.int_status_runs) as first_poll
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

-- After the newest poll of all the last statuses hold.
timeline as (
    select * from intermediate.int_store_timeline

    union all

    select * from intermediate.int_time_ahead
),

-- Excluded time does not depend on polls.
excluded as (
    select distinct timeline.store_key, timeline.started_us
    from last_polls
    inner join timeline on last_polls.store_key = timeline.store_key
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
    from timeline
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
        {{ ratio_bounds('summed') }},
        {{ is_enough('coverage_ratio') }} as is_enough,
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

select * exclude (is_last_poll_known) replace (
    {% for figure in [
        'uptime_seconds_min', 'uptime_seconds_max', 'confirmed_seconds', 'coverage_ratio', 'least_uptime_ratio',
        'most_uptime_ratio', 'is_enough',
    ] -%}
    case when is_last_poll_known then {{ figure }} end as {{ figure }}{{ ',' if not loop.last }}
    {% endfor %}
)
from told;
{% endmacro %}


{# ('last_hour', 3600000000), … #}
{% macro period_lengths() %}
    {% set rows = [] %}
    {% for row in run_query('select period, length_us from staging.stg_periods').rows %}
        {% do rows.append('(' ~ quoted(row.period) ~ ', ' ~ row.length_us ~ ')') %}
    {% endfor %}
    {% do return(rows | join(', ')) %}
{% endmacro %}
