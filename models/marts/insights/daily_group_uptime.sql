with days as (
    select * from {{ ref('int_store_days') }}
),

store_groups as (
    select * from {{ ref('int_store_groups') }}
),

by_cohort as (
    select
        store_groups.cohort_key,
        days.local_day,
        count(*) as stores,
        {{ sums_of_stores('days') }},
    from days
    inner join store_groups on days.store_key = store_groups.store_key
    where store_groups.attribute = 'all'
    group by store_groups.cohort_key, days.local_day
),

by_group as (
    select
        store_groups.attribute,
        store_groups.value,
        by_cohort.local_day,
        cast(sum(by_cohort.stores) as bigint) as stores,
        {{ sums_of_stores('by_cohort') }},
    from by_cohort
    inner join store_groups on by_cohort.cohort_key = store_groups.store_key
    group by store_groups.attribute, store_groups.value, by_cohort.local_day
)

select
    attribute,
    value,
    {{ date_of('local_day') }} as date,
    stores,
    {{ figures_of_group('by_group') }},
from by_group
order by attribute, value, local_day
