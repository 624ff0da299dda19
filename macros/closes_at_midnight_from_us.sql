{% macro closes_at_midnight_from_us() -%}
    {{ time_of_day_us(quoted(var('closes_at_midnight_from') | string)) }}
{%- endmacro %}
