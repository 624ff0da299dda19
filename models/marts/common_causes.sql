{{ config(materialized='view') }}

with stores as (
    select * from {{ ref('stores') }}
),

zones as (
    select
        timezone,
        count(*) as stores,
        max(last_polled_at) as last_polled_at,
        min(first_polled_at) as first_polled_at,
    from stores
    group by timezone
),

-- Where the data begin with an outage, when it began is not known.
beginnings as (
    select
        stores.timezone,
        outages.store_id,
        outages.first_seen_down_at as seen_at,
        outages.business_seconds_lost,
    from {{ ref('outages') }} as outages
    inner join stores on outages.store_id = stores.store_id
    where outages.first_seen_down_at is not null
),

counted as (
    select
        *,
        count(distinct store_id) over (
            partition by timezone
            order by seen_at
            range between current row and interval '10' minute following
        ) as stores_within,
        count(*) over (partition by timezone) as outages_of_zone,
    from beginnings
),

-- An outage is of a cluster if at least three stores fail within ten minutes, five times as many
-- as would if the outages of the zone were spread evenly.
clusters as (
    select
        counted.timezone,
        counted.seen_at as seen_from_at,
        counted.seen_at + interval '10' minute as reach_at,
    from counted
    inner join zones on counted.timezone = zones.timezone
    where
        counted.stores_within >= 3
        and counted.stores_within
        >= 5 * counted.outages_of_zone * 600000000.0e0
        / epoch_us(zones.last_polled_at - zones.first_polled_at)
),

numbered as (
    select
        *,
        coalesce(
            seen_from_at > lag(reach_at) over (partition by timezone order by seen_from_at),
            true
        ) as is_new,
    from clusters
),

spans as (
    select
        *,
        sum(cast(is_new as integer)) over (
            partition by timezone
            order by seen_from_at
            range between unbounded preceding and current row
        ) as cluster,
    from numbered
),

merged as (
    select
        timezone,
        cluster,
        min(seen_from_at) as from_at,
        max(reach_at) as until_at,
    from spans
    group by timezone, cluster
)

select
    merged.timezone,
    min(beginnings.seen_at) as first_seen_at,
    max(beginnings.seen_at) as last_seen_at,
    count(distinct beginnings.store_id) as stores,
    count(distinct beginnings.store_id) / any_value(zones.stores) as share_of_stores,
    {{ exact_sum('beginnings.business_seconds_lost') }} as business_seconds_lost,
    list(distinct beginnings.store_id order by beginnings.store_id asc) as store_ids,
from merged
inner join zones on merged.timezone = zones.timezone
inner join beginnings
    on merged.timezone = beginnings.timezone
    and beginnings.seen_at between merged.from_at and merged.until_at
group by merged.timezone, merged.cluster
