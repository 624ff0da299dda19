{{ config(materialized='view') }}

with store_keys as (
    select * from {{ ref('int_store_keys') }}
),

store_groups as (
    select * from {{ ref('int_store_groups') }}
),

by_cohort as (
    select
        store_groups.cohort_key,
        period_uptime.period,
        period_uptime.started_at,
        period_uptime.ended_at,
        count(*) as stores,
        {{ sums_of_figures('period_uptime') }},
    from {{ ref('period_uptime') }} as period_uptime
    inner join store_keys on period_uptime.store_id = store_keys.store_id
    inner join store_groups on store_keys.store_key = store_groups.store_key
    where store_groups.attribute = 'all'
    group by 1, 2, 3, 4
),

summed as (
    select
        store_groups.attribute,
        store_groups.value,
        by_cohort.period,
        by_cohort.started_at,
        by_cohort.ended_at,
        cast(sum(by_cohort.stores) as bigint) as stores,
        {{ sums_of_figures('by_cohort') }},
    from by_cohort
    inner join store_groups on by_cohort.cohort_key = store_groups.store_key
    group by 1, 2, 3, 4, 5
)

select
    *,
    {{ ratio('uptime_seconds', 'uptime_seconds + downtime_seconds') }} as uptime_ratio,
    {{ ratio('confirmed_seconds', 'business_seconds - excluded_seconds') }} as coverage_ratio,
from summed
