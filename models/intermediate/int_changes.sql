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
),

special_hours as (
    select * from {{ ref('int_special_hours') }}
),

-- A store's first poll also settles the time before it.
changed as (
    select
        schedules.store_key,
        schedules.longest_window_us,
        schedules.hours_valid_from_day,
        horizon.starts_us,
        horizon.ahead_until_us,
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
),

-- The last day before the change whose hours are not those of any other week.
irregular_days as (
    select
        changed.store_key,
        max(special_hours.local_day) as local_day,
    from changed
    inner join special_hours
        on changed.store_key = special_hours.store_key
        and special_hours.local_day <= {{ day_of('changed.changed_us') }} + 2
    group by changed.store_key
),

-- A window that reaches into the changed stretch may have begun before it: at most twice its
-- usual length, if the clock skips the hour that parts it from the next.
reaching_back as (
    select
        changed.*,
        greatest(irregular_days.local_day, changed.hours_valid_from_day) as irregular_day,
        changed.changed_us - 2 * changed.longest_window_us - 86400000000 as from_us,
    from changed
    left join irregular_days on changed.store_key = irregular_days.store_key
),

windows as (
    select
        *,
        case
            when irregular_day is null then from_us
            when
                longest_window_us < 604800000000
                and (irregular_day + 4) * 86400000000 <= from_us
                then from_us
            else starts_us
        end as windows_from_us,
    from reaching_back
)

-- No zone is a week ahead of UTC or behind it.
select
    store_key,
    changed_us,
    {{ week_of('greatest(windows_from_us, starts_us)') }} - 1 as first_week,
    {{ week_of('ahead_until_us') }} + 1 as last_week,
from windows
