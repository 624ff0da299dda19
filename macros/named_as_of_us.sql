{# The var as_of in microseconds since the epoch, or null. #}
{% macro named_as_of_us() -%}
    {%- if var('as_of') is none -%}
        cast(null as bigint)
    {%- else -%}
        {{ instant_us(quoted(var('as_of') | string)) }}
    {%- endif -%}
{%- endmacro %}
