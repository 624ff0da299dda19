with weekly_hours as (
    select * from {{ ref('int_weekly_hours') }}
),

timezones as (
    select * from {{ ref('int_store_timezones') }}
),

store_keys as (
    select * from {{ ref('int_store_keys') }}
),

days as (
    select * from {{ ref('int_horizon_days') }}
),

weeks as (
    select
        store_key,
        -- No two windows of a store open at the same time.
        sum(hash(opens_us, closes_us)) as hours,
        -- Windows that touch across Sunday midnight are one.
        max(closes_us - opens_us)
        + case
            when min(opens_us) = 0 and max(closes_us) = 604800000000 and count(*) > 1
                then min_by(closes_us - opens_us, opens_us)
            else 0
        end as longest_window_us,
    from weekly_hours
    group by store_key
),

business_hours as (
    select
        store_keys.store_key,
        business_hours.*,
        business_hours.valid_from_day is not null or business_hours.valid_to_day is not null as is_limited,
    from {{ ref('stg_business_hours') }} as business_hours
    inner join store_keys on business_hours.store_id = store_keys.store_id
    where business_hours.rejected_as is null
),

-- Since when no row of the hours has come into force or ceased to be.
since as (
    select
        changing.store_key,
        max(changing.local_day) as hours_valid_from_day,
    from (
        select store_key, unnest([valid_from_day, valid_to_day + 1]) as local_day
        from business_hours
        where is_limited
    ) as changing
    cross join days
    where changing.local_day between days.first_day and days.ahead_until_day
    group by changing.store_key
),

special_days as (
    select
        store_key,
        sum(hash(local_day, opens_us, closes_us)) as row_hashes,
    from {{ ref('int_special_hours') }}
    group by store_key
),

-- The days of dated weeks have the hours of their own rows, of which the week as a whole says nothing.
rows_of_hours as (
    select
        store_key,
        sum(hash(day_of_week, opens_us, closes_us, valid_from_day, valid_to_day)) as row_hashes,
    from business_hours
    group by store_key
    having bool_or(is_limited) or store_key in (select store_key from special_days)
),

exclusions as (
    select
        store_key,
        sum(hash(started_us, ended_us)) as row_hashes,
    from {{ ref('int_exclusions') }}
    group by store_key
)

select
    timezones.store_key,
    timezones.timezone,
    coalesce(weeks.longest_window_us, 0) as longest_window_us,
    coalesce(weeks.longest_window_us, 0) = 604800000000
    and special_days.store_key is null
    and since.store_key is null as is_one_window,
    since.hours_valid_from_day,
    concat_ws(
        ' ',
        timezones.timezone,
        weeks.hours,
        'rows ' || rows_of_hours.row_hashes,
        'special days ' || special_days.row_hashes,
        'exclusions ' || exclusions.row_hashes
    ) as schedule,
from timezones
left join weeks on timezones.store_key = weeks.store_key
left join since on timezones.store_key = since.store_key
left join rows_of_hours on timezones.store_key = rows_of_hours.store_key
left join special_days on timezones.store_key = special_days.store_key
left join exclusions on timezones.store_key = exclusions.store_key
