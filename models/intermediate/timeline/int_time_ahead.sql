with horizon as (
    select * from {{ ref('int_horizon') }}
),

stretches as (
    select * from {{ ref('int_business_stretches') }}
)

select
    stretches.store_key,
    greatest(stretches.started_us, horizon.as_of_us) as started_us,
    stretches.ended_us,
    stretches.status,
    stretches.is_confirmed,
from stretches
inner join horizon on stretches.ended_us > horizon.as_of_us
