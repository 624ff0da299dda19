{# The path of one file for DuckDB's readers, which would take it for a pattern; in SQL, as there may be
   years of hourly files. #}
{% macro literally(path) -%}
    replace(replace(replace({{ path }}, '[', '[[]'), '*', '[*]'), '?', '[?]')
{%- endmacro %}
