{% macro quoted(text) %}
    {% do return("'" ~ text | replace("'", "''") ~ "'") %}
{% endmacro %}
