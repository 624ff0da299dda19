-- Also fails when there is nothing to compare.
with period_uptime as (
    select * from {{ ref('period_uptime') }}
)

select 'out of bounds' as failure, store_id, period
from period_uptime
where not (
        0 <= uptime_seconds_min
        and uptime_seconds_min <= uptime_seconds
        and uptime_seconds <= uptime_seconds_max
        and uptime_seconds_max <= business_seconds
        and business_seconds <= (epoch_us(ended_at) - epoch_us(started_at)) / 1e6
    )

union all

select 'no rows' as failure, null, null
where not exists (select 1 from period_uptime)
