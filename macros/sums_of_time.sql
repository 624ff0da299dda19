{# The sums of clipped timeline rows on which all figures stand, in microseconds. DuckDB adds bigints
   up to hugeints, which take more time and room; a bigint holds 290,000 years. #}
{% macro sums_of_time() -%}
    cast(sum(length_us) as bigint) as business_us,
        cast(sum(length_us) filter (where status = 'up') as bigint) as uptime_us,
        cast(sum(length_us) filter (where status = 'down') as bigint) as downtime_us,
        cast(sum(length_us) filter (where status = 'unknown') as bigint) as unknown_us,
        cast(sum(length_us) filter (where status = 'excluded') as bigint) as excluded_us,
        cast(sum(length_us) filter (where status = 'up' and is_confirmed) as bigint) as confirmed_uptime_us,
        cast(sum(length_us) filter (where status = 'down' and is_confirmed) as bigint) as confirmed_downtime_us
{%- endmacro %}
