with polls as (
    select * from {{ ref('int_polls') }}
    where is_active is not null
),

horizon as (
    select * from {{ ref('int_horizon') }}
)

select
    polls.store_key,
    min(polls.polled_us) as polled_us,
from polls
cross join horizon
where polls.polled_us between horizon.as_of_us - 604800000000 and horizon.as_of_us
group by polls.store_key
