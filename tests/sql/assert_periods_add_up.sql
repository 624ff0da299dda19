-- The identity: uptime, downtime, unknown and excluded time are the business time, for every store
-- and period. Also fails when there is nothing to compare.
with period_uptime as (
    select * from {{ ref('period_uptime') }}
)

select 'does not add up' as failure, store_id, period
from period_uptime
where
    round(business_seconds * 1e6)
    <> round(uptime_seconds * 1e6)
    + round(downtime_seconds * 1e6)
    + round(unknown_seconds * 1e6)
    + round(excluded_seconds * 1e6)

union all

select 'no rows' as failure, null, null
where not exists (select 1 from period_uptime)
