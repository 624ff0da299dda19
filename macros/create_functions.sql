{# The table functions that readers call, made in the catalog in use; `timestamp` is in UTC. #}
{% macro create_functions() %}
    {% do run_query(
        uptime_between_sql() ~ report_as_of_sql()
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

-- Excluded time does not hang on polls.
excluded as (
    select distinct timeline.store_key, timeline.started_us
    from not_yet_polled
    inner join intermediate.int_store_timeline as timeline on not_yet_polled.store_key = timeline.store_key
    inner join intermediate.int_exclusions as exclusions
        on timeline.store_key = exclusions.store_key
        and timeline.started_us < exclusions.ended_us
        and timeline.ended_us > exclusions.started_us
),

timeline as (
    select
        timeline.store_key,
        timeline.started_us,
        timeline.ended_us,
        case
            when not_yet_polled.store_key is not null and excluded.store_key is null
                then {{ status_when_never_polled() }}
            else timeline.status
        end as status,
        false as is_confirmed,
    from intermediate.int_store_timeline as timeline
    left join not_yet_polled on timeline.store_key = not_yet_polled.store_key
    left join excluded
        on timeline.store_key = excluded.store_key
        and timeline.started_us = excluded.started_us
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
