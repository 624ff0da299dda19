{% macro is_parquet(file) -%}
    ends_with(lower({{ file }}), '.parquet')
{%- endmacro %}
