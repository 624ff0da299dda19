with store_keys as (
    select * from {{ ref('int_store_keys') }}
),

-- One store stands for all that share its schedule.
schedules as (
    select * from {{ ref('int_store_schedules') }}
    where store_key = schedule_key
),

business_hours as (
    select * from {{ ref('stg_business_hours') }}
    where rejected_as is null
),

given as (
    select distinct
        schedules.schedule_key,
        business_hours.day_of_week,
        business_hours.opens_us,
        business_hours.closes_us,
        coalesce(business_hours.valid_from_day, 0) as valid_from_day,
        coalesce(business_hours.valid_to_day, 1000000) as valid_to_day,
    from schedules
    inner join store_keys on schedules.store_key = store_keys.store_key
    inner join business_hours on store_keys.store_id = business_hours.store_id
)

select
    schedule_key,
    day_of_week,
    opens_us,
    closes_us,
    valid_from_day,
    valid_to_day,
from given

union all

-- A store without hours is open round the clock.
select
    schedules.schedule_key,
    weekdays.day,
    0,
    86400000000,
    0,
    1000000,
from schedules
cross join range(7) as weekdays (day)
where schedules.schedule_key not in (select schedule_key from given)
