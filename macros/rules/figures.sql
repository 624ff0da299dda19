{# The sums of clipped timeline rows on which all figures stand, in microseconds. DuckDB adds bigints
   up to hugeints, which take more time and room; a double holds each microsecond of 285 years. #}
{% macro sums_of_time(type='double') -%}
    {{ sum_of_time('true', type) }} as business_us,
        {{ sum_of_time("status = 'up'", type) }} as uptime_us,
        {{ sum_of_time("status = 'down'", type) }} as downtime_us,
        {{ sum_of_time("status = 'unknown'", type) }} as unknown_us,
        {{ sum_of_time("status = 'excluded'", type) }} as excluded_us,
        {{ sum_of_time("status = 'up' and is_confirmed", type) }} as confirmed_uptime_us,
        {{ sum_of_time("status = 'down' and is_confirmed", type) }} as confirmed_downtime_us
{%- endmacro %}


{% macro sum_of_time(condition, type) -%}
    cast(sum(cast(length_us as {{ type }})) filter (where {{ condition }}) as bigint)
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


{# The sums of sums_of_time, of figures in seconds. #}
{% macro sums_of_seconds(figures) -%}
    {% for sum in ['business', 'uptime', 'downtime', 'unknown', 'excluded'] -%}
    {{ in_us(figures ~ '.' ~ sum ~ '_seconds') }} as {{ sum }}_us,
        {% endfor -%}
    {{ in_us(figures ~ '.uptime_seconds_min') }} as confirmed_uptime_us,
        {{ in_us(figures ~ '.confirmed_seconds') }} - {{ in_us(figures ~ '.uptime_seconds_min') }}
            as confirmed_downtime_us
{%- endmacro %}


{% macro in_us(seconds) -%}
    cast(round({{ seconds }} * 1000000) as bigint)
{%- endmacro %}


{# The sums of sums_of_time added up over several stores, exact however many there are. #}
{% macro sums_of_stores(summed) -%}
    {% for sum in ['business', 'uptime', 'downtime', 'unknown', 'excluded', 'confirmed_uptime', 'confirmed_downtime'] -%}
    coalesce(cast(sum({{ summed }}.{{ sum }}_us) as bigint), 0) as {{ sum }}_us
    {{- ',\n        ' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{# The figures of a group as people read them, of sums_of_stores. #}
{% macro figures_of_group(summed) -%}
    {%- set counting = summed ~ '.business_us - ' ~ summed ~ '.excluded_us' -%}
    {%- set confirmed = summed ~ '.confirmed_uptime_us + ' ~ summed ~ '.confirmed_downtime_us' -%}
    {{ summed }}.business_us / 1000000.0e0 as business_seconds,
    {{ summed }}.uptime_us / 1000000.0e0 as uptime_seconds,
    {{ summed }}.downtime_us / 1000000.0e0 as downtime_seconds,
    {{ summed }}.unknown_us / 1000000.0e0 as unknown_seconds,
    {{ summed }}.excluded_us / 1000000.0e0 as excluded_seconds,
    ({{ confirmed }}) / 1000000.0e0 as confirmed_seconds,
    {{ summed }}.confirmed_uptime_us / 1000000.0e0 as least_uptime_seconds,
    ({{ counting }} - {{ summed }}.confirmed_downtime_us) / 1000000.0e0 as most_uptime_seconds,
    {{ ratio(summed ~ '.uptime_us', summed ~ '.uptime_us + ' ~ summed ~ '.downtime_us') }} as uptime_ratio,
    {{ ratio_bounds(summed) }},
    {{ ratio(confirmed, counting) }} as confirmed_ratio,
    {{ is_enough(ratio(confirmed, counting)) }} as is_enough
{%- endmacro %}


{# The least and the most that the uptime may be of the time that counts, of sums_of_time or sums_of_stores. #}
{% macro ratio_bounds(summed) -%}
    {%- set counting = summed ~ '.business_us - coalesce(' ~ summed ~ '.excluded_us, 0)' -%}
    {{ ratio('coalesce(' ~ summed ~ '.confirmed_uptime_us, 0)', counting) }} as least_uptime_ratio,
    {{ ratio(counting ~ ' - coalesce(' ~ summed ~ '.confirmed_downtime_us, 0)', counting) }} as most_uptime_ratio
{%- endmacro %}


{# Whether polls confirm enough for a percentage to be told: at least half of the time. #}
{% macro is_enough(confirmed_ratio) -%}
    coalesce({{ confirmed_ratio }} >= 0.5e0, false)
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
