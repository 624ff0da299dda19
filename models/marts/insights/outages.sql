{{ config(materialized='view') }}

with outages as (
    select * from {{ ref('int_outages') }}
),

horizon as (
    select * from {{ ref('int_horizon') }}
),

store_keys as (
    select * from {{ ref('int_store_keys') }}
)

select
    store_keys.store_id,
    {{ timestamp_utc('outages.started_us') }} as started_at,
    case
        when outages.first_seen_up_us is not null then {{ timestamp_utc('outages.ended_us') }}
    end as ended_at,
    {{ timestamp_utc('outages.last_seen_up_us') }} as last_seen_up_at,
    {{ timestamp_utc('outages.first_seen_down_us') }} as first_seen_down_at,
    {{ timestamp_utc('outages.first_seen_up_us') }} as first_seen_up_at,
    outages.downtime_us / 1000000.0e0 as business_seconds_lost,
    (
        case when outages.first_seen_up_us is null then horizon.as_of_us else outages.ended_us end
        - outages.started_us
    ) / 1000000.0e0 as wall_seconds,
    outages.polls,
    outages.last_seen_up_us is null as is_start_cut,
    outages.first_seen_up_us is null as is_end_cut,
from outages
inner join store_keys on outages.store_key = store_keys.store_key
cross join horizon
