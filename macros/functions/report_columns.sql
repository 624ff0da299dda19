{# The columns of the report as a file: the hour in minutes, day and week in the unit given. #}
{% macro report_columns(unit, unit_seconds) -%}
    {% for period, period_unit, period_unit_seconds in [
        ('last_hour', 'min', 60), ('last_day', unit, unit_seconds), ('last_week', unit, unit_seconds)
    ] -%}
    {% for quantity in ['uptime', 'downtime'] -%}
    cast({{ period_sum(quantity ~ '_seconds', period, period_unit_seconds) }} as decimal(18, 2))
        as "{{ quantity }}_{{ period }}({{ period_unit }})",
    {% endfor -%}
    {% endfor -%}
{%- endmacro %}


{# Behind those, the columns that `columns=all` adds: for each period what else period_uptime tells. #}
{% macro all_report_columns(unit, unit_seconds) -%}
    {{ report_columns(unit, unit_seconds) }}
    {% for period, period_unit, period_unit_seconds in [
        ('last_hour', 'min', 60), ('last_day', unit, unit_seconds), ('last_week', unit, unit_seconds)
    ] -%}
    {% for name, seconds in [
        ('unknown', 'unknown_seconds'), ('excluded', 'excluded_seconds'), ('business', 'business_seconds'),
        ('confirmed', 'confirmed_seconds'), ('least_uptime', 'uptime_seconds_min'),
        ('most_uptime', 'uptime_seconds_max')
    ] -%}
    cast({{ period_sum(seconds, period, period_unit_seconds) }} as decimal(18, 2))
        as "{{ name }}_{{ period }}({{ period_unit }})",
    {% endfor -%}
    cast(max(uptime_ratio) filter (where period = '{{ period }}') as decimal(18, 6)) as uptime_ratio_{{ period }},
    cast(max(coverage_ratio) filter (where period = '{{ period }}') as decimal(18, 6))
        as coverage_ratio_{{ period }},
    max(polls) filter (where period = '{{ period }}') as polls_{{ period }},
    {% endfor -%}
{%- endmacro %}


{# A column of the wide report: seconds of one period in the unit that has `unit_seconds`. #}
{% macro period_sum(seconds, period, unit_seconds) -%}
    sum({{ seconds }}) filter (where period = '{{ period }}') / {{ unit_seconds }}.0e0
{%- endmacro %}
