with weekly_hours as (
    select * from {{ ref('int_weekly_hours') }}
),

timezones as (
    select * from {{ ref('int_store_timezones') }}
),

weeks as (
    select
        store_key,
        string_agg(opens_us || '-' || closes_us, ' ' order by opens_us) as hours,
        -- Windows that touch across Sunday midnight are one.
        max(closes_us - opens_us)
        + case
            when min(opens_us) = 0 and max(closes_us) = 604800000000 and count(*) > 1
                then min_by(closes_us - opens_us, opens_us)
            else 0
        end as longest_window_us,
    from weekly_hours
    group by store_key
)

select
    weeks.store_key,
    timezones.timezone,
    weeks.longest_window_us,
    weeks.longest_window_us = 604800000000 as is_always_open,
    timezones.timezone || ' ' || weeks.hours as schedule,
from weeks
inner join timezones on weeks.store_key = timezones.store_key
