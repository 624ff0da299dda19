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
    {{ ratio_bounds('summed') }},
    {{ is_enough('coverage_ratio') }} as is_enough,
from intermediate.int_store_keys as store_keys
cross join bounds
left join summed on store_keys.store_key = summed.store_key
{% endmacro %}
