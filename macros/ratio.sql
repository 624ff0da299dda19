{# A share of 0 to 1; null where the whole is empty. #}
{% macro ratio(part, whole) -%}
    ({{ part }}) / nullif(cast({{ whole }} as double), 0)
{%- endmacro %}
