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
