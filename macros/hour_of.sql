{# Hours are counted from 1970-01-01. #}
{% macro hour_of(us) -%}
    (({{ us }}) // 3600000000)
{%- endmacro %}
