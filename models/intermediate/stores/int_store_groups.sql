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

numbered as (
    select
        attribute,
        value,
        cast(row_number() over (order by attribute, value) as integer) as group_key,
    from grouped
    group by attribute, value
),

keyed as (
    select
        grouped.store_key,
        numbered.group_key,
        grouped.attribute,
        grouped.value,
    from grouped
    inner join numbered
        on grouped.attribute = numbered.attribute
        and grouped.value is not distinct from numbered.value
),

described as (
    select
        store_key,
        string_agg(group_key, ' ' order by group_key) as group_keys,
    from keyed
    group by store_key
),

cohorts as (
    select
        store_key,
        min(store_key) over (partition by group_keys) as cohort_key,
    from described
)

select
    keyed.store_key,
    cohorts.cohort_key,
    keyed.group_key,
    keyed.attribute,
    keyed.value,
from keyed
inner join cohorts on keyed.store_key = cohorts.store_key
