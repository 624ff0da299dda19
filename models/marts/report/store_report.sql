with period_uptime as (
    select * from {{ ref('period_uptime') }}
)

select
    store_id,
    max(ended_at) as as_of,
    {{ period_sum('uptime_seconds', 'last_hour', 60) }} as uptime_last_hour_minutes,
    {{ period_sum('downtime_seconds', 'last_hour', 60) }} as downtime_last_hour_minutes,
    {{ period_sum('unknown_seconds', 'last_hour', 60) }} as unknown_last_hour_minutes,
    {{ period_sum('uptime_seconds', 'last_day', 3600) }} as uptime_last_day_hours,
    {{ period_sum('downtime_seconds', 'last_day', 3600) }} as downtime_last_day_hours,
    {{ period_sum('unknown_seconds', 'last_day', 3600) }} as unknown_last_day_hours,
    {{ period_sum('uptime_seconds', 'last_week', 3600) }} as uptime_last_week_hours,
    {{ period_sum('downtime_seconds', 'last_week', 3600) }} as downtime_last_week_hours,
    {{ period_sum('unknown_seconds', 'last_week', 3600) }} as unknown_last_week_hours,
from period_uptime
group by store_id
order by store_id
