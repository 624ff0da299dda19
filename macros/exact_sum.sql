{# The sum of seconds, the same in whatever order they are added. #}
{% macro exact_sum(seconds) -%}
    cast(sum(cast({{ seconds }} as decimal(18, 6))) as double)
{%- endmacro %}
