{{ config(materialized='view') }}

with period_uptime as (
    select * from {{ ref('period_uptime') }}
)

select
    store_id,
    cast({{ period_sum('uptime_seconds', 'last_hour', 60) }} as decimal(18, 2))
        as "uptime_last_hour(min)",
    cast({{ period_sum('downtime_seconds', 'last_hour', 60) }} as decimal(18, 2))
        as "downtime_last_hour(min)",
    cast({{ period_sum('uptime_seconds', 'last_day', 60) }} as decimal(18, 2))
        as "uptime_last_day(min)",
    cast({{ period_sum('downtime_seconds', 'last_day', 60) }} as decimal(18, 2))
        as "downtime_last_day(min)",
    cast({{ period_sum('uptime_seconds', 'last_week', 60) }} as decimal(18, 2))
        as "uptime_last_week(min)",
    cast({{ period_sum('downtime_seconds', 'last_week', 60) }} as decimal(18, 2))
        as "downtime_last_week(min)",
from period_uptime
group by store_id
order by store_id
