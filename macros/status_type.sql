{# One byte a row instead of sixteen. Readers get text. #}
{% macro status_type() -%}
    enum ('up', 'down', 'unknown', 'excluded')
{%- endmacro %}
