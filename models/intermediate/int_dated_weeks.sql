with schedules as (
    select * from {{ ref('int_schedules') }}
),

changes as (
    select * from {{ ref('int_changes') }}
),

-- Hours belong to the date they open on and may reach into the next, perhaps of the next week.
special_days as (
    select
        store_key,
        unnest([local_day, local_day + 1]) as local_day,
    from {{ ref('int_special_hours') }}
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
            changes.first_week,
            {{ week_of('schedules.hours_valid_from_day * 86400000000') }} + 1
        )) as week,
    from schedules
    inner join changes on schedules.store_key = changes.store_key
    where schedules.hours_valid_from_day is not null
)

select distinct
    weeks.store_key,
    weeks.week,
from weeks
inner join changes on weeks.store_key = changes.store_key
where weeks.week between changes.first_week and changes.last_week
