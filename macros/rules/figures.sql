{# The sums of clipped timeline rows on which all figures stand, in microseconds. DuckDB adds bigints
   up to hugeints, which take more time and room; a double holds each microsecond of 285 years. #}
{% macro sums_of_time() -%}
    {{ sum_of_time() }} as business_us,
        {{ sum_of_time("status = 'up'") }} as uptime_us,
        {{ sum_of_time("status = 'down'") }} as downtime_us,
        {{ sum_of_time("status = 'unknown'") }} as unknown_us,
        {{ sum_of_time("status = 'excluded'") }} as excluded_us,
        {{ sum_of_time("status = 'up' and is_confirmed") }} as confirmed_uptime_us,
        {{ sum_of_time("status = 'down' and is_confirmed") }} as confirmed_downtime_us
{%- endmacro %}


{% macro sum_of_time(condition='true') -%}
    cast(sum(cast(length_us as double)) filter (where {{ condition }}) as bigint)
{%- endmacro %}


{# The figures of sums_of_time as people read them: seconds, their bounds, and shares. #}
{% macro figures(summed) -%}
    coalesce({{ summed }}.business_us, 0) / 1000000.0e0 as business_seconds,
    coalesce({{ summed }}.uptime_us, 0) / 1000000.0e0 as uptime_seconds,
    coalesce({{ summed }}.downtime_us, 0) / 1000000.0e0 as downtime_seconds,
    coalesce({{ summed }}.unknown_us, 0) / 1000000.0e0 as unknown_seconds,
    coalesce({{ summed }}.excluded_us, 0) / 1000000.0e0 as excluded_seconds,
    coalesce({{ summed }}.confirmed_uptime_us, 0) / 1000000.0e0 as uptime_seconds_min,
    (
        coalesce({{ summed }}.business_us, 0)
        - coalesce({{ summed }}.excluded_us, 0)
        - coalesce({{ summed }}.confirmed_downtime_us, 0)
    ) / 1000000.0e0 as uptime_seconds_max,
    (coalesce({{ summed }}.confirmed_uptime_us, 0) + coalesce({{ summed }}.confirmed_downtime_us, 0)) / 1000000.0e0
        as confirmed_seconds,
    {{ ratio(
        'coalesce(' ~ summed ~ '.uptime_us, 0)',
        'coalesce(' ~ summed ~ '.uptime_us, 0) + coalesce(' ~ summed ~ '.downtime_us, 0)'
    ) }} as uptime_ratio,
    {{ ratio(
        'coalesce(' ~ summed ~ '.confirmed_uptime_us, 0) + coalesce(' ~ summed ~ '.confirmed_downtime_us, 0)',
        summed ~ '.business_us - coalesce(' ~ summed ~ '.excluded_us, 0)'
    ) }} as coverage_ratio
{%- endmacro %}


{# A share of 0 to 1; null where the whole is empty. #}
{% macro ratio(part, whole) -%}
    ({{ part }}) / nullif(cast({{ whole }} as double), 0)
{%- endmacro %}


{# The sum of seconds, the same in whatever order they are added. A double holds 285 years of microseconds,
   enough for a store but not for a chain. #}
{% macro exact_sum(seconds, type='double') -%}
    cast(sum(cast({{ seconds }} as decimal(18, 6))) as {{ type }})
{%- endmacro %}


{# The seconds of several stores added up, exact however many there are. #}
{% macro sums_of_figures(figures) -%}
    {% for seconds in [
        'business_seconds', 'uptime_seconds', 'downtime_seconds', 'unknown_seconds', 'excluded_seconds',
        'confirmed_seconds', 'uptime_seconds_min', 'uptime_seconds_max',
    ] -%}
    {{ exact_sum(figures ~ '.' ~ seconds, 'decimal(24, 6)') }} as {{ seconds }}
    {{- ',\n        ' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{# The periods that a report of that instant looks back on; `lengths` has a row of (period, length_us)
   for each. #}
{% macro periods_until(as_of_us, lengths) -%}
select
    period,
    {{ as_of_us }} - length_us as started_us,
    {{ as_of_us }} as ended_us,
from {{ lengths }}
{%- endmacro %}
