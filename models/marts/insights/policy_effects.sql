with policy_comparison as (
    select * from {{ ref('policy_comparison') }}
),

period_uptime as (
    select * from {{ ref('period_uptime') }}
    where period = 'last_week'
),

compared as (
    select
        store_id,
        min(uptime_seconds) as least_uptime_seconds,
        max(uptime_seconds) as most_uptime_seconds,
        min(uptime_ratio) as least_uptime_ratio,
        max(uptime_ratio) as most_uptime_ratio,
        min_by(policy, (uptime_ratio, policy)) filter (where uptime_ratio is not null) as least_policy,
        max_by(policy, (uptime_ratio, policy)) filter (where uptime_ratio is not null) as most_policy,
    from policy_comparison
    group by store_id
)

select
    period_uptime.store_id,
    period_uptime.business_seconds,
    period_uptime.uptime_seconds,
    compared.least_uptime_seconds,
    compared.most_uptime_seconds,
    period_uptime.uptime_ratio,
    compared.least_uptime_ratio,
    compared.most_uptime_ratio,
    compared.most_uptime_ratio - compared.least_uptime_ratio as uptime_ratio_spread,
    compared.least_policy,
    compared.most_policy,
from period_uptime
inner join compared on period_uptime.store_id = compared.store_id
