{{ config(materialized='view') }}

with moments as (
    select * from {{ ref('int_common_moments') }}
),

outages as (
    select * from {{ ref('int_group_outages') }}
)

select
    moments.attribute,
    moments.value,
    {{ timestamp_utc('min(outages.first_seen_down_us)') }} as first_seen_at,
    {{ timestamp_utc('max(outages.first_seen_down_us)') }} as last_seen_at,
    count(*) as stores,
    count(*) / any_value(moments.stores_of_group) as share_of_stores,
    {{ exact_sum('outages.business_seconds_lost') }} as business_seconds_lost,
    list(outages.store_id order by outages.store_id asc) as store_ids,
from moments
inner join outages
    on moments.attribute = outages.attribute
    and moments.value is not distinct from outages.value
    and moments.at_us between outages.earliest_us and outages.first_seen_down_us
group by moments.attribute, moments.value, moments.at_us
