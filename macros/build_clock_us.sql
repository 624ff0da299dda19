{% macro build_clock_us() -%}
    {{ (run_started_at.timestamp() * 1000000) | int }}
{%- endmacro %}
