with schedules as (
    select * from {{ ref('int_schedules') }}
),

horizon as (
    select * from {{ ref('int_horizon') }}
),

poll_restarts as (
    select * from {{ ref('int_poll_restarts') }}
),

schedules_before as (
    select * from {{ source('inputs', 'schedules_before') }}
)

-- A store's first poll also settles the time before it.
select
    schedules.store_key,
    case
        when
            horizon.starts_us = horizon.previous_starts_us
            and schedules.schedule = schedules_before.schedule
            then least(
                    horizon.previous_as_of_us,
                    horizon.as_of_us,
                    case
                        when poll_restarts.store_key is not null
                            then coalesce(poll_restarts.restart_us, horizon.starts_us)
                    end
                )
        else least(horizon.starts_us, horizon.previous_starts_us)
    end as changed_us,
from schedules
cross join horizon
left join poll_restarts on schedules.store_key = poll_restarts.store_key
left join schedules_before on schedules.store_key = schedules_before.store_key
