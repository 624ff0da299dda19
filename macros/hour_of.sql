{# Hours are counted from 1970-01-01. #}
{% macro hour_of(us) -%}
    cast(floor(({{ us }}) / 3600000000.0) as bigint)
{%- endmacro %}
