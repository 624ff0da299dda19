{% macro up_or_down(is_active) -%}
    case when {{ is_active }} then 'up' else 'down' end
{%- endmacro %}
