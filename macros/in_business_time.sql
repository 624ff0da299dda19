{# The CTE `in_business_time`, and those that it needs: statuses cut to business windows, with what the
   policy makes of those that are excluded. #}
{% macro in_business_time(statuses, business_windows) -%}
{{ by_week(statuses) }},

{{ by_week(business_windows) }},

in_business_time as (
    select
        statuses.* replace (
            greatest(statuses.started_us, business_windows.started_us) as started_us,
            least(statuses.ended_us, business_windows.ended_us) as ended_us,
            case
                when business_windows.is_excluded
                    then {{ "'up'" if var('exclusions') == 'count_up' else "'excluded'" }}
                else statuses.status
            end as status,
            statuses.is_confirmed and not business_windows.is_excluded as is_confirmed
        ),
    from {{ statuses }}_by_week as statuses
    inner join {{ business_windows }}_by_week as business_windows
        on statuses.store_key = business_windows.store_key
        and statuses.week = business_windows.week
        and statuses.week = greatest(statuses.first_week, business_windows.first_week)
        and statuses.started_us < business_windows.ended_us
        and statuses.ended_us > business_windows.started_us
)
{%- endmacro %}
