-- The groups of each attribute add up to all stores; fails when there are none. To the microsecond, as
-- long as a group has less than 285 years; seconds beyond that are as exact as a double is.
with groups as (
    select
        attribute,
        period,
        sum(stores) as stores,
        count(*) * 2.3e-16 as precision,
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
    where
        groups.stores is distinct from wholes.stores
        or abs(groups.business_seconds - wholes.business_seconds)
        > groups.precision * wholes.business_seconds
        or abs(groups.uptime_seconds - wholes.uptime_seconds)
        > groups.precision * wholes.uptime_seconds
        or abs(groups.downtime_seconds - wholes.downtime_seconds)
        > groups.precision * wholes.downtime_seconds
        or abs(groups.unknown_seconds - wholes.unknown_seconds)
        > groups.precision * wholes.unknown_seconds
        or abs(groups.excluded_seconds - wholes.excluded_seconds)
        > groups.precision * wholes.excluded_seconds
        or abs(groups.confirmed_seconds - wholes.confirmed_seconds)
        > groups.precision * wholes.confirmed_seconds
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
