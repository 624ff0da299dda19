{# The raw text of a row as one JSON object; of optional columns those that say something. #}
{% macro raw_values(columns, optional_columns=[]) -%}
    cast(
        {%- if optional_columns %} json_merge_patch({{ json_of(columns) }}, {{ json_of(optional_columns) }})
        {%- else %} {{ json_of(columns) }}
        {%- endif %} as varchar)
{%- endmacro %}


{% macro json_of(columns) -%}
    json_object(
        {%- for column in columns %}'{{ column }}', {{ adapter.quote(column) }}{{ ', ' if not loop.last }}{% endfor -%}
    )
{%- endmacro %}
