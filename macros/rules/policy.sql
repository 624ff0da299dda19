{# The policy vars as SQL. #}


{# The status that a policy var names, as a word of the timeline. #}
{% macro policy_status(name) -%}
    {%- set words = {'active': 'up', 'inactive': 'down', 'unknown': 'unknown'} -%}
    '{{ words[var(name)] }}'
{%- endmacro %}


{% macro closes_at_midnight_from_us() -%}
    {%- set hour, minute, second = ((var('closes_at_midnight_from') | string).split(':') + ['0', '0'])[:3] -%}
    {{ hour | int * 3600000000 + minute | int * 60000000 + (second | float * 1000000) | round | int }}
{%- endmacro %}


{# dbt renders a model before the build refuses a gap that no integer holds: hence the limit. #}
{% macro max_poll_gap_us() -%}
    {%- if var('max_poll_gap') is none -%}
        cast(null as bigint)
    {%- else -%}
        {{ ([var('max_poll_gap') | string | float, 1000000] | min * 3600000000) | int }}
    {%- endif -%}
{%- endmacro %}


{% macro status_before_first_poll(is_active) -%}
    {%- if var('status_before_first_poll') == 'first_known' -%}
        {{ up_or_down(is_active) }}
    {%- else -%}
        {{ policy_status('status_before_first_poll') }}
    {%- endif -%}
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
