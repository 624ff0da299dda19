with schedule_hours as (
    select * from {{ ref('int_schedule_hours') }}
),

horizon as (
    select * from {{ ref('int_horizon') }}
),

-- The hours in force on the last day that matters, in microseconds since Monday 00:00.
spans as (
    select
        schedule_hours.schedule_key,
        schedule_hours.day_of_week * 86400000000 + schedule_hours.opens_us as opens_us,
        schedule_hours.day_of_week * 86400000000 + schedule_hours.closes_us as closes_us,
    from schedule_hours
    inner join horizon
        on horizon.last_day between schedule_hours.valid_from_day and schedule_hours.valid_to_day
),

-- What runs past Sunday midnight is the start of the week.
within_the_week as (
    select schedule_key, opens_us, least(closes_us, 604800000000) as closes_us
    from spans

    union all

    select schedule_key, 0, closes_us - 604800000000
    from spans
    where closes_us > 604800000000
),

united as (
    select
        schedule_key,
        opens_us,
        max(closes_us) as closes_us,
    from within_the_week
    group by schedule_key, opens_us
),

{{ merged('united', 'opens_us', 'closes_us', key='schedule_key') }}

select
    schedule_key,
    opens_us,
    closes_us,
from united_merged
