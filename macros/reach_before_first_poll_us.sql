{# How far the status before the first poll reaches back: a week, so that no store is given a past
   that it did not have; a first status that is held back, like any status, no longer than max_poll_gap. #}
{% macro reach_before_first_poll_us() -%}
    {%- if var('status_before_first_poll') == 'first_known' -%}
        least(604800000000, {{ max_poll_gap_us() }})
    {%- else -%}
        604800000000
    {%- endif -%}
{%- endmacro %}
