{# Days are counted from 1970-01-01, before which nothing is told. #}
{% macro day_of(us) -%}
    (({{ us }}) // 86400000000)
{%- endmacro %}
