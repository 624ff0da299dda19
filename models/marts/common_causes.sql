{{ config(materialized='view') }}

with stores as (
    select * from {{ ref('stores') }}
),

-- Having no brand is nothing that stores have in common.
store_groups as (
    select * from {{ ref('store_groups') }}
    where attribute = 'all' or (attribute <> 'store_id' and value is not null)
),

groups as (
    select
        store_groups.attribute,
        store_groups.value,
        count(*) as stores,
        max(stores.last_polled_at) as last_polled_at,
        min(stores.first_polled_at) as first_polled_at,
    from store_groups
    inner join stores on store_groups.store_id = stores.store_id
    group by store_groups.attribute, store_groups.value
),

-- Where the data begin with an outage, when it began is not known.
beginnings as (
    select
        store_groups.attribute,
        store_groups.value,
        outages.store_id,
        outages.first_seen_down_at as seen_at,
        outages.business_seconds_lost,
    from {{ ref('outages') }} as outages
    inner join store_groups on outages.store_id = store_groups.store_id
    where outages.first_seen_down_at is not null
),

counted as (
    select
        *,
        count(distinct store_id) over (
            partition by attribute, value
            order by seen_at
            range between current row and interval '10' minute following
        ) as stores_within,
        count(*) over (partition by attribute, value) as outages_of_group,
    from beginnings
),

-- An outage is of a cluster if at least three stores fail within ten minutes, five times as many
-- as would if the outages of the group were spread evenly.
clusters as (
    select
        counted.attribute,
        counted.value,
        counted.seen_at as seen_from_at,
        counted.seen_at + interval '10' minute as reach_at,
    from counted
    inner join groups
        on counted.attribute = groups.attribute
        and counted.value is not distinct from groups.value
    where
        counted.stores_within >= 3
        and counted.stores_within
        >= 5 * counted.outages_of_group * 600000000.0e0
        / epoch_us(groups.last_polled_at - groups.first_polled_at)
),

numbered as (
    select
        *,
        coalesce(
            seen_from_at > lag(reach_at) over (
                partition by attribute, value order by seen_from_at
            ),
            true
        ) as is_new,
    from clusters
),

spans as (
    select
        *,
        sum(cast(is_new as integer)) over (
            partition by attribute, value
            order by seen_from_at
            range between unbounded preceding and current row
        ) as cluster,
    from numbered
),

merged as (
    select
        attribute,
        value,
        cluster,
        min(seen_from_at) as from_at,
        max(reach_at) as until_at,
    from spans
    group by attribute, value, cluster
)

select
    merged.attribute,
    merged.value,
    min(beginnings.seen_at) as first_seen_at,
    max(beginnings.seen_at) as last_seen_at,
    count(distinct beginnings.store_id) as stores,
    count(distinct beginnings.store_id) / any_value(groups.stores) as share_of_stores,
    {{ exact_sum('beginnings.business_seconds_lost') }} as business_seconds_lost,
    list(distinct beginnings.store_id order by beginnings.store_id asc) as store_ids,
from merged
inner join groups
    on merged.attribute = groups.attribute
    and merged.value is not distinct from groups.value
inner join beginnings
    on merged.attribute = beginnings.attribute
    and merged.value is not distinct from beginnings.value
    and beginnings.seen_at between merged.from_at and merged.until_at
group by merged.attribute, merged.value, merged.cluster
