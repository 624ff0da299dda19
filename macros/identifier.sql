{# A name as SQL text, whatever is in it. #}
{% macro identifier(name) %}
    {% do return('"' ~ name | replace('"', '""') ~ '"') %}
{% endmacro %}
