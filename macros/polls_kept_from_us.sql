{# Readers get the polls of the last week, and of the day before for the status with which it starts. #}
{% macro polls_kept_from_us(as_of_us) -%}
    {{ as_of_us }} - {{ 8 * 86400000000 }}
{%- endmacro %}
