{# Polls later than this are dated in the future. #}
{% macro latest_poll_us() -%}
    {{ build_clock_us() }} + {{ clock_error_us() }}
{%- endmacro %}


{# A clock that is wrong by up to a day is let pass. #}
{% macro clock_error_us() -%}
    86400000000
{%- endmacro %}
