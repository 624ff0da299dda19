{# The seconds of several stores added up, exact however many there are. #}
{% macro sums_of_figures(figures) -%}
    {% for seconds in [
        'business_seconds', 'uptime_seconds', 'downtime_seconds', 'unknown_seconds', 'excluded_seconds',
        'confirmed_seconds', 'uptime_seconds_min', 'uptime_seconds_max',
    ] -%}
    {{ exact_sum(figures ~ '.' ~ seconds, 'decimal(24, 6)') }} as {{ seconds }}
    {{- ',\n        ' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
