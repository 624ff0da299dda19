with moments as (
    select * from {{ ref('int_common_moments') }}
),

outages as (
    select * from {{ ref('int_group_outages') }}
),

store_keys as (
    select * from {{ ref('int_store_keys') }}
),

groups as (
    select distinct group_key, attribute, value
    from {{ ref('int_store_groups') }}
),

gathered as (
    select
        moments.group_key,
        min(outages.first_seen_down_us) as first_seen_us,
        max(outages.first_seen_down_us) as last_seen_us,
        count(*) as stores,
        any_value(moments.stores_of_group) as stores_of_group,
        cast(sum(outages.downtime_us) as bigint) as downtime_us,
        list(store_keys.store_id order by store_keys.store_id asc) as store_ids,
    from moments
    inner join outages
        on moments.group_key = outages.group_key
        and moments.at_us between outages.earliest_us and outages.first_seen_down_us
    inner join store_keys on outages.store_key = store_keys.store_key
    group by moments.group_key, moments.at_us
)

select
    groups.attribute,
    groups.value,
    {{ timestamp_utc('gathered.first_seen_us') }} as first_seen_at,
    {{ timestamp_utc('gathered.last_seen_us') }} as last_seen_at,
    gathered.stores,
    gathered.stores / gathered.stores_of_group as share_of_stores,
    gathered.downtime_us / 1000000.0e0 as business_seconds_lost,
    gathered.store_ids,
from gathered
inner join groups on gathered.group_key = groups.group_key
