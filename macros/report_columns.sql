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
