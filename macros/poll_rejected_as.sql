{# Why a poll of a store is set aside, or null. The first reason that applies. #}
{% macro poll_rejected_as(status, polled_us, latest_us) -%}
    case
        when {{ status }} is null or {{ status }} not in ('active', 'inactive') then 'unknown_status'
        when {{ polled_us }} is null then 'bad_timestamp'
        when {{ polled_us }} > {{ latest_us }} then 'future_timestamp'
        -- 2015-01-01, from when on the zone rules are known.
        when {{ polled_us }} < 1420070400000000 then 'timestamp_before_zone_rules'
    end
{%- endmacro %}
