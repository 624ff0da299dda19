{# The sums of clipped timeline rows on which all figures stand, in microseconds. #}
{% macro sums_of_time() -%}
    sum(length_us) as business_us,
        sum(length_us) filter (where status = 'up') as uptime_us,
        sum(length_us) filter (where status = 'down') as downtime_us,
        sum(length_us) filter (where status = 'unknown') as unknown_us,
        sum(length_us) filter (where status = 'excluded') as excluded_us,
        sum(length_us) filter (where status = 'up' and is_confirmed) as confirmed_uptime_us,
        sum(length_us) filter (where status = 'down' and is_confirmed) as confirmed_downtime_us
{%- endmacro %}
