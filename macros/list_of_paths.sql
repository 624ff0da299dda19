{% macro list_of_paths(files) %}
    {% do return('[' ~ files | map(attribute='quoted_path') | join(', ') ~ ']') %}
{% endmacro %}
