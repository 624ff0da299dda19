{# The figures of sums_of_time as people read them: seconds, their bounds, and shares. #}
{% macro figures(summed) -%}
    coalesce({{ summed }}.business_us, 0) / 1000000.0e0 as business_seconds,
    coalesce({{ summed }}.uptime_us, 0) / 1000000.0e0 as uptime_seconds,
    coalesce({{ summed }}.downtime_us, 0) / 1000000.0e0 as downtime_seconds,
    coalesce({{ summed }}.unknown_us, 0) / 1000000.0e0 as unknown_seconds,
    coalesce({{ summed }}.excluded_us, 0) / 1000000.0e0 as excluded_seconds,
    coalesce({{ summed }}.confirmed_uptime_us, 0) / 1000000.0e0 as uptime_seconds_min,
    (
        coalesce({{ summed }}.business_us, 0)
        - coalesce({{ summed }}.excluded_us, 0)
        - coalesce({{ summed }}.confirmed_downtime_us, 0)
    ) / 1000000.0e0 as uptime_seconds_max,
    (coalesce({{ summed }}.confirmed_uptime_us, 0) + coalesce({{ summed }}.confirmed_downtime_us, 0)) / 1000000.0e0
        as confirmed_seconds,
    {{ ratio(
        'coalesce(' ~ summed ~ '.uptime_us, 0)',
        'coalesce(' ~ summed ~ '.uptime_us, 0) + coalesce(' ~ summed ~ '.downtime_us, 0)'
    ) }} as uptime_ratio,
    {{ ratio(
        'coalesce(' ~ summed ~ '.confirmed_uptime_us, 0) + coalesce(' ~ summed ~ '.confirmed_downtime_us, 0)',
        summed ~ '.business_us - coalesce(' ~ summed ~ '.excluded_us, 0)'
    ) }} as coverage_ratio
{%- endmacro %}
