{# Why a poll of a store is set aside, or null. The first reason that applies. #}
{% macro poll_rejected_as(is_active, polled_us, latest_us) -%}
    case
        when {{ is_active }} is null then 'unknown_status'
        when {{ polled_us }} is null then 'bad_timestamp'
        when {{ polled_us }} > {{ latest_us }} then 'future_timestamp'
        when {{ polled_us }} < {{ first_poll_us() }} then 'timestamp_before_zone_rules'
    end
{%- endmacro %}
