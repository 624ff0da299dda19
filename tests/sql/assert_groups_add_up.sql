-- The groups of each attribute add up to all stores, to the microsecond; fails when there are none.
with groups as (
    select
        attribute,
        period,
        sum(stores) as stores,
        sum(cast(business_seconds as decimal(30, 6))) as business_seconds,
        sum(cast(uptime_seconds as decimal(30, 6))) as uptime_seconds,
        sum(cast(downtime_seconds as decimal(30, 6))) as downtime_seconds,
        sum(cast(unknown_seconds as decimal(30, 6))) as unknown_seconds,
        sum(cast(excluded_seconds as decimal(30, 6))) as excluded_seconds,
        sum(cast(confirmed_seconds as decimal(30, 6))) as confirmed_seconds,
    from {{ ref('group_uptime') }}
    group by attribute, period
),

wholes as (
    select
        period,
        count(*) as stores,
        sum(cast(business_seconds as decimal(30, 6))) as business_seconds,
        sum(cast(uptime_seconds as decimal(30, 6))) as uptime_seconds,
        sum(cast(downtime_seconds as decimal(30, 6))) as downtime_seconds,
        sum(cast(unknown_seconds as decimal(30, 6))) as unknown_seconds,
        sum(cast(excluded_seconds as decimal(30, 6))) as excluded_seconds,
        sum(cast(confirmed_seconds as decimal(30, 6))) as confirmed_seconds,
    from {{ ref('period_uptime') }}
    group by period
),

differing as (
    select groups.attribute, groups.period
    from groups
    inner join wholes on groups.period = wholes.period
    where (
        groups.stores,
        groups.business_seconds,
        groups.uptime_seconds,
        groups.downtime_seconds,
        groups.unknown_seconds,
        groups.excluded_seconds,
        groups.confirmed_seconds
    ) is distinct from (
        wholes.stores,
        wholes.business_seconds,
        wholes.uptime_seconds,
        wholes.downtime_seconds,
        wholes.unknown_seconds,
        wholes.excluded_seconds,
        wholes.confirmed_seconds
    )
)

select 'does not add up' as failure, attribute, period
from differing

union all

select 'no rows' as failure, null, null
where not exists (
        select 1 from groups
        where attribute = 'all'
    )
    or not exists (
        select 1 from groups
        where attribute = 'timezone'
    )
