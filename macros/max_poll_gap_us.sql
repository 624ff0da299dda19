{# The var max_poll_gap in microseconds, or null. dbt may render a model before check_policy refuses a gap
   that no integer holds: hence the limit. #}
{% macro max_poll_gap_us() -%}
    {%- if var('max_poll_gap') is none -%}
        cast(null as bigint)
    {%- else -%}
        {{ ([var('max_poll_gap') | string | float, 1000000] | min * 3600000000) | int }}
    {%- endif -%}
{%- endmacro %}
