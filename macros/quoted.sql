{% macro quoted(text) %}
    {% do return("'" ~ text | replace("'", "''") ~ "'") %}
{% endmacro %}


{# A name as SQL text, whatever is in it. #}
{% macro identifier(name) %}
    {% do return('"' ~ name | replace('"', '""') ~ '"') %}
{% endmacro %}


{# The path of one file for DuckDB's readers, which would take it for a pattern; in SQL, as there may be
   years of hourly files. #}
{% macro literally(path) -%}
    replace(replace(replace({{ path }}, '[', '[[]'), '*', '[*]'), '?', '[?]')
{%- endmacro %}
