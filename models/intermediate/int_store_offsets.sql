with timezones as (
    select * from {{ ref('int_store_timezones') }}
),

offsets as (
    select * from {{ ref('stg_timezone_offsets') }}
),

horizon as (
    select * from {{ ref('int_horizon') }}
)

select
    timezones.store_key,
    offsets.valid_from_us,
    offsets.valid_until_us,
    offsets.utc_offset_us,
from timezones
inner join offsets on timezones.timezone = offsets.timezone
inner join horizon
    on offsets.valid_from_us <= horizon.as_of_us
    and offsets.valid_until_us > horizon.starts_us
