{# Polls later than this are dated in the future. #}
{% macro latest_poll_us() -%}
    {{ build_clock_us() }} + {{ clock_error_us() }}
{%- endmacro %}
