with timezones as (
    select * from {{ ref('int_store_timezones') }}
),

offsets as (
    select * from {{ ref('stg_timezone_offsets') }}
),

days as (
    select * from {{ ref('int_horizon_days') }}
)

select
    timezones.store_key,
    offsets.valid_from_us,
    offsets.valid_until_us,
    offsets.utc_offset_us,
from timezones
inner join offsets on timezones.timezone = offsets.timezone
inner join days
    on offsets.valid_from_us < days.last_day * 86400000000
    and offsets.valid_until_us > days.first_day * 86400000000
