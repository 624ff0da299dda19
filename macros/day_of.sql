{# Days are counted from 1970-01-01. #}
{% macro day_of(us) -%}
    cast(floor(({{ us }}) / 86400000000.0) as bigint)
{%- endmacro %}
