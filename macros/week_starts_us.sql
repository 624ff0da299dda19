{% macro week_starts_us(week) -%}
    (({{ week }}) * 604800000000 + 345600000000)
{%- endmacro %}
