{# 2015-01-01. The zone rules begin a year earlier, as reports reach back before the first poll. #}
{% macro first_poll_us() -%}
    1420070400000000
{%- endmacro %}
