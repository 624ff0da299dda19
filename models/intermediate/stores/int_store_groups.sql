with store_keys as (
    select * from {{ ref('int_store_keys') }}
),

store_groups as (
    select * from {{ ref('store_groups') }}
    where attribute <> 'store_id'
),

-- A column that says something else of nearly every store, such as a name, labels them.
labels as (
    select attribute
    from {{ ref('int_attribute_values') }}
    group by attribute
    having
        count(distinct value) > 20
        and 2 * count(distinct value) > count(value)
),

grouped as (
    select
        store_keys.store_key,
        store_groups.attribute,
        store_groups.value,
    from store_groups
    inner join store_keys on store_groups.store_id = store_keys.store_id
    left join labels on store_groups.attribute = labels.attribute
    where labels.attribute is null
),

-- Every store has a row of each attribute, so that the values in one order are all that tells groups apart.
described as (
    select
        store_key,
        string_agg(coalesce(md5(value), 'none'), ' ' order by attribute) as groups,
    from grouped
    group by store_key
),

cohorts as (
    select
        store_key,
        min(store_key) over (partition by groups) as cohort_key,
    from described
)

select
    grouped.store_key,
    cohorts.cohort_key,
    grouped.attribute,
    grouped.value,
from grouped
inner join cohorts on grouped.store_key = cohorts.store_key
