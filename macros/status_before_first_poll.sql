{% macro status_before_first_poll(is_active) -%}
    {%- if var('status_before_first_poll') == 'first_known' -%}
        {{ up_or_down(is_active) }}
    {%- else -%}
        {{ policy_status('status_before_first_poll') }}
    {%- endif -%}
{%- endmacro %}
