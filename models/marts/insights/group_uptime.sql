{{ config(materialized='view') }}

with summed as (
    select
        store_groups.attribute,
        store_groups.value,
        period_uptime.period,
        period_uptime.started_at,
        period_uptime.ended_at,
        count(*) as stores,
        {{ sums_of_figures('period_uptime') }},
    from {{ ref('period_uptime') }} as period_uptime
    inner join {{ ref('store_groups') }} as store_groups
        on period_uptime.store_id = store_groups.store_id
    where store_groups.attribute <> 'store_id'
    group by 1, 2, 3, 4, 5
)

select
    *,
    {{ ratio('uptime_seconds', 'uptime_seconds + downtime_seconds') }} as uptime_ratio,
    {{ ratio('confirmed_seconds', 'business_seconds - excluded_seconds') }} as coverage_ratio,
from summed
