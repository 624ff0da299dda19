{# Weeks are counted from Monday 1970-01-05, as Monday is day 0 of the business hours. #}
{% macro week_of(us) -%}
    (({{ us }} - 345600000000) // 604800000000)
{%- endmacro %}
