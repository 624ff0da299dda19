{# One byte a row instead of sixteen. Readers get text. #}
{% macro status_type() -%}
    enum ('up', 'down', 'unknown', 'excluded')
{%- endmacro %}

{% macro up_or_down(is_active) -%}
    case when {{ is_active }} then 'up' else 'down' end
{%- endmacro %}

{# The status that a policy var names, as a word of the timeline. #}
{% macro policy_status(name) -%}
    {%- set words = {'active': 'up', 'inactive': 'down', 'unknown': 'unknown'} -%}
    '{{ words[var(name)] }}'
{%- endmacro %}

{% macro status_before_first_poll(is_active) -%}
    {%- if var('status_before_first_poll') == 'first_known' -%}
        {{ up_or_down(is_active) }}
    {%- else -%}
        {{ policy_status('status_before_first_poll') }}
    {%- endif -%}
{%- endmacro %}

{# Until when the polls of a run confirm its status: its last poll, or as long as that holds where the
   next run agrees, because it only ended for want of polls. #}
{% macro confirmed_until_us(runs) -%}
    case
        when {{ runs }}.next_is_active = {{ runs }}.is_active
            then {{ runs }}.last_polled_us + {{ max_poll_gap_us() }}
        else {{ runs }}.last_polled_us
    end
{%- endmacro %}

{# How far the status before the first poll reaches back: a week, so that no store is given a past
   that it did not have; a first status that is held back, like any status, no longer than max_poll_gap. #}
{% macro reach_before_first_poll_us() -%}
    {%- if var('status_before_first_poll') == 'first_known' -%}
        least(604800000000, {{ max_poll_gap_us() }})
    {%- else -%}
        604800000000
    {%- endif -%}
{%- endmacro %}

{% macro status_when_never_polled() -%}
    {{ policy_status('status_when_never_polled') }}
{%- endmacro %}
