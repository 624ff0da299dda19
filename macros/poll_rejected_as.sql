{# Why a poll of a store is set aside, or null. The first reason that applies. What nearly all rows
   pass is asked first: DuckDB may work the instant out again for each question. #}
{% macro poll_rejected_as(status, polled_us, latest_us) -%}
    case
        when {{ status }} is null or {{ status }} not in ('active', 'inactive') then 'unknown_status'
        -- 2015-01-01. The zone rules begin a year earlier, as reports reach back before the first poll.
        when {{ polled_us }} between 1420070400000000 and {{ latest_us }} then null
        when {{ polled_us }} is null then 'bad_timestamp'
        when {{ polled_us }} > {{ latest_us }} then 'future_timestamp'
        else 'timestamp_before_zone_rules'
    end
{%- endmacro %}
