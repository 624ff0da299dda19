{% macro quoted(text) %}
    {% do return("'" ~ text | replace("'", "''") ~ "'") %}
{% endmacro %}


{# The path of one file for DuckDB's readers, which would take it for a pattern. #}
{% macro quoted_path(path) %}
    {% do return(quoted(literally(path))) %}
{% endmacro %}

{% macro literally(path) %}
    {% do return(path | replace('[', '[[]') | replace('*', '[*]') | replace('?', '[?]')) %}
{% endmacro %}
