with timezone_offsets as (
    select * from {{ ref('timezone_offsets') }}
)

select
    timezone,
    {{ instant_us('valid_from') }} as valid_from_us,
    {{ instant_us('valid_until') }} as valid_until_us,
    cast(utc_offset_seconds as bigint) * 1000000 as utc_offset_us,
from timezone_offsets
