{% macro timestamp_utc(us) -%}
    make_timestamp({{ us }})
{%- endmacro %}
