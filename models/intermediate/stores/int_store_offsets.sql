with schedules as (
    select * from {{ ref('int_store_schedules') }}
),

offsets as (
    select * from {{ ref('stg_timezone_offsets') }}
),

horizon as (
    select * from {{ ref('int_horizon') }}
)

select
    schedules.store_key,
    offsets.valid_from_us,
    offsets.valid_until_us,
    offsets.utc_offset_us,
from schedules
inner join offsets on schedules.timezone = offsets.timezone
inner join horizon
    on offsets.valid_from_us < horizon.last_day * 86400000000
    and offsets.valid_until_us > horizon.first_day * 86400000000
