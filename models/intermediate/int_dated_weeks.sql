with schedules as (
    select * from {{ ref('int_schedules') }}
),

changes as (
    select * from {{ ref('int_changes') }}
),

horizon as (
    select * from {{ ref('int_horizon') }}
),

-- Hours belong to the date they open on and may reach into the next, perhaps of the next week.
special_days as (
    select
        special_hours.store_key,
        unnest([special_hours.local_day, special_hours.local_day + 1]) as local_day,
    from {{ ref('int_special_hours') }} as special_hours
    cross join horizon
    where special_hours.local_day <= {{ day_of('horizon.ahead_until_us') }} + 1
),

weeks as (
    select
        store_key,
        {{ week_of('local_day * 86400000000') }} as week,
    from special_days

    union all

    select
        schedules.store_key,
        unnest(range(
            {{ week_of('greatest(changes.windows_from_us, horizon.starts_us)') }} - 1,
            {{ week_of('(schedules.hours_valid_from_day) * 86400000000') }} + 1
        )) as week,
    from schedules
    inner join changes on schedules.store_key = changes.store_key
    cross join horizon
    where schedules.hours_valid_from_day is not null
)

select distinct
    weeks.store_key,
    weeks.week,
from weeks
inner join changes on weeks.store_key = changes.store_key
cross join horizon
where
    weeks.week between {{ week_of('greatest(changes.windows_from_us, horizon.starts_us)') }} - 1
    and {{ week_of('horizon.as_of_us') }} + 1
