{# The shortest gap between polls that any of the compared policies limits a status to: two hours. #}
{% macro compared_gap_us() -%}
    7200000000
{%- endmacro %}
