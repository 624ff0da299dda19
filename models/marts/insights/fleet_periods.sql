with store_keys as (
    select * from {{ ref('int_store_keys') }}
),

store_groups as (
    select * from {{ ref('int_store_groups') }}
),

horizon as (
    select * from {{ ref('int_horizon') }}
),

week_before as (
    select * from {{ ref('int_week_before') }}
),

periods as (
    select
        store_keys.store_key,
        period_uptime.period,
        period_uptime.started_at,
        period_uptime.ended_at,
        {{ sums_of_seconds('period_uptime') }},
    from {{ ref('period_uptime') }} as period_uptime
    inner join store_keys on period_uptime.store_id = store_keys.store_id

    union all

    select
        store_keys.store_key,
        'week_before',
        {{ timestamp_utc('horizon.as_of_us - 1209600000000') }},
        {{ timestamp_utc('horizon.as_of_us - 604800000000') }},
        week_before.business_us,
        week_before.uptime_us,
        week_before.downtime_us,
        week_before.unknown_us,
        week_before.excluded_us,
        week_before.confirmed_uptime_us,
        week_before.confirmed_downtime_us,
    from store_keys
    cross join horizon
    left join week_before on store_keys.store_key = week_before.store_key
),

by_cohort as (
    select
        store_groups.cohort_key,
        periods.period,
        periods.started_at,
        periods.ended_at,
        count(*) as stores,
        {{ sums_of_stores('periods') }},
    from periods
    inner join store_groups on periods.store_key = store_groups.store_key
    where store_groups.attribute = 'all'
    group by store_groups.cohort_key, periods.period, periods.started_at, periods.ended_at
),

by_group as (
    select
        store_groups.attribute,
        store_groups.value,
        by_cohort.period,
        by_cohort.started_at,
        by_cohort.ended_at,
        cast(sum(by_cohort.stores) as bigint) as stores,
        {{ sums_of_stores('by_cohort') }},
    from by_cohort
    inner join store_groups on by_cohort.cohort_key = store_groups.store_key
    group by
        store_groups.attribute,
        store_groups.value,
        by_cohort.period,
        by_cohort.started_at,
        by_cohort.ended_at
)

select
    attribute,
    value,
    period,
    started_at,
    ended_at,
    stores,
    {{ figures_of_group('by_group') }},
from by_group
order by attribute, value, period
