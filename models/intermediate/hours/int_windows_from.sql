{{ config(materialized='view') }}

with horizon as (
    select * from {{ ref('int_horizon') }}
),

worked_out as (
    select coalesce(min(from_us), 0) as from_us
    from {{ source('build', 'dirty_stores') }}
    where reader = 'int_store_timeline'
)

-- From before the instant at which a store is worked out again, so that what reaches it is seen to begin
-- before; the last ten days always, of which others ask.
select
    greatest(
        horizon.starts_us,
        least(worked_out.from_us, horizon.as_of_us - 864000000000) - 172800000000
    ) as from_us,
    horizon.ahead_until_us as until_us,
from horizon
cross join worked_out
