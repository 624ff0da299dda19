{# A column of the wide report: seconds of one period in the unit that has `unit_seconds`. #}
{% macro period_sum(seconds, period, unit_seconds) -%}
    sum({{ seconds }}) filter (where period = '{{ period }}') / {{ unit_seconds }}.0e0
{%- endmacro %}
