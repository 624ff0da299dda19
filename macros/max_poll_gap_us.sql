{# The var max_poll_gap in microseconds, or null. #}
{% macro max_poll_gap_us() -%}
    {%- if var('max_poll_gap') is none -%}
        cast(null as bigint)
    {%- else -%}
        {{ ((var('max_poll_gap') | string | float) * 3600000000) | int }}
    {%- endif -%}
{%- endmacro %}
