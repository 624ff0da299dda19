{# Text without the blanks around it: tabs and line ends, too, which DuckDB's trim leaves. #}
{% macro trimmed(text) -%}
    trim(trim({{ text }}, e' \t\r\n'))
{%- endmacro %}
