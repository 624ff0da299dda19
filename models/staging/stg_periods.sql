with periods as (
    select * from {{ ref('periods') }}
)

select
    period,
    cast(length_hours as bigint) * 3600000000 as length_us,
from periods
