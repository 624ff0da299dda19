{# 2015-01-01. The zone rules begin a year earlier, as reports reach back before the first poll. #}
{% macro first_poll_us() -%}
    1420070400000000
{%- endmacro %}


{# A clock that is wrong by up to a day is let pass. #}
{% macro clock_error_us() -%}
    86400000000
{%- endmacro %}


{# The shortest gap between polls that any of the compared policies limits a status to: two hours. #}
{% macro compared_gap_us() -%}
    7200000000
{%- endmacro %}


{# Readers get the polls of the last week, and of the day before for the status with which it starts. #}
{% macro polls_kept_from_us(as_of_us) -%}
    {{ as_of_us }} - {{ 8 * 86400000000 }}
{%- endmacro %}
