-- Whatever policy is chosen, uptime is within the bounds that its evidence gives, and what it leaves
-- open reaches into the bounds that this build tells. Also fails when there is nothing to compare.
with policy_comparison as (
    select * from {{ ref('policy_comparison') }}
),

weeks as (
    select * from {{ ref('period_uptime') }}
    where period = 'last_week'
),

compared as (
    select
        weeks.store_id,
        count(*) filter (
            where
            policies.uptime_seconds_min <= policies.uptime_seconds
            and policies.uptime_seconds <= policies.uptime_seconds_max
            and policies.uptime_seconds <= weeks.uptime_seconds_max
            and round((policies.uptime_seconds + policies.unknown_seconds) * 1e6)
            >= round(weeks.uptime_seconds_min * 1e6)
            and policies.unknown_seconds >= 0
            and policies.business_seconds = weeks.business_seconds
            and policies.excluded_seconds = weeks.excluded_seconds
        ) as policies_within,
    from weeks
    left join policy_comparison as policies on weeks.store_id = policies.store_id
    group by weeks.store_id
)

select 'out of bounds' as failure, store_id
from compared
where policies_within <> (select count(*) from {{ ref('int_compared_policies') }})

union all

select 'no rows' as failure, null
where not exists (select 1 from compared)
