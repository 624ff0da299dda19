{% macro timestamp_utc(us) -%}
    {{ return(adapter.dispatch('timestamp_utc')(us)) }}
{%- endmacro %}

{% macro duckdb__timestamp_utc(us) -%}
    make_timestamp({{ us }})
{%- endmacro %}
