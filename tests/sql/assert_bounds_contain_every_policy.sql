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
        policies.uptime_seconds_min <= policies.uptime_seconds
        and policies.uptime_seconds <= policies.uptime_seconds_max
        and policies.uptime_seconds <= weeks.uptime_seconds_max
        and round((policies.uptime_seconds + policies.unknown_seconds) * 1e6)
        >= round(weeks.uptime_seconds_min * 1e6)
        and policies.unknown_seconds >= 0
        and policies.business_seconds = weeks.business_seconds
        and policies.excluded_seconds = weeks.excluded_seconds as is_within,
    from policy_comparison as policies
    inner join weeks on policies.store_id = weeks.store_id
),

counted as (
    select
        count(*) as policies,
        count(*) filter (where is_within) as policies_within,
    from compared
)

select * from counted
where policies = 0 or policies_within < policies
