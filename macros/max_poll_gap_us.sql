{# The var max_poll_gap in microseconds, or null; check_policy refuses one that is too long. #}
{% macro max_poll_gap_us() -%}
    {%- if var('max_poll_gap') is none -%}
        cast(null as bigint)
    {%- else -%}
        {{ ([var('max_poll_gap') | string | float, 1000000] | min * 3600000000) | int }}
    {%- endif -%}
{%- endmacro %}
