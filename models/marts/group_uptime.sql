{{ config(materialized='view') }}

with summed as (
    select
        store_groups.attribute,
        store_groups.value,
        period_uptime.period,
        period_uptime.started_at,
        period_uptime.ended_at,
        count(*) as stores,
        {% for quantity in [
            'business', 'uptime', 'downtime', 'unknown', 'excluded', 'confirmed'
        ] -%}
        {{ exact_sum('period_uptime.' ~ quantity ~ '_seconds') }} as {{ quantity }}_seconds,
        {% endfor -%}
        {{ exact_sum('period_uptime.business_seconds - period_uptime.excluded_seconds') }}
            as counting_seconds,
        {{ exact_sum('period_uptime.uptime_seconds_min') }} as uptime_seconds_min,
        {{ exact_sum('period_uptime.uptime_seconds_max') }} as uptime_seconds_max,
    from {{ ref('period_uptime') }} as period_uptime
    inner join {{ ref('store_groups') }} as store_groups
        on period_uptime.store_id = store_groups.store_id
    where store_groups.attribute <> 'store_id'
    group by 1, 2, 3, 4, 5
)

select
    * exclude (counting_seconds),
    {{ ratio('uptime_seconds', 'uptime_seconds + downtime_seconds') }} as uptime_ratio,
    {{ ratio('confirmed_seconds', 'counting_seconds') }} as coverage_ratio,
from summed
