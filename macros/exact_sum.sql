{# The sum of seconds, the same in whatever order they are added. A double holds 285 years of microseconds,
   enough for a store but not for a chain. #}
{% macro exact_sum(seconds, type='double') -%}
    cast(sum(cast({{ seconds }} as decimal(18, 6))) as {{ type }})
{%- endmacro %}
