{% macro status_when_never_polled() -%}
    {{ policy_status('status_when_never_polled') }}
{%- endmacro %}
