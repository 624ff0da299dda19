{{ config(contract={'enforced': false}) }}

with store_keys as (
    select * from {{ ref('int_store_keys') }}
),

timezones as (
    select * from {{ ref('int_store_timezones') }}
),

schedules as (
    select * from {{ ref('int_schedules') }}
),

business_hours as (
    select distinct store_id from {{ ref('stg_business_hours') }}
    where rejected_as is null
),

-- Its further columns are whatever the input has.
attributes as (
    select * exclude (file_key, row_number, raw_values, rejected_as)
    from {{ ref('int_stores') }}
    where rejected_as is null
),

runs as (
    select
        store_key,
        min(started_us) as first_polled_us,
        max(last_polled_us) as last_polled_us,
        max_by(is_active, started_us) as is_active,
    from {{ ref('int_status_runs') }}
    group by store_key
)

select
    store_keys.store_id,
    timezones.timezone,
    timezones.is_timezone_given,
    business_hours.store_id is not null as has_business_hours,
    schedules.longest_window_us = 604800000000 as is_always_open,
    {{ timestamp_utc('runs.first_polled_us') }} as first_polled_at,
    {{ timestamp_utc('runs.last_polled_us') }} as last_polled_at,
    case
        when runs.is_active then 'active'
        when not runs.is_active then 'inactive'
    end as last_status,
    attributes.* exclude (store_id),
from store_keys
inner join timezones on store_keys.store_key = timezones.store_key
inner join schedules on store_keys.store_key = schedules.store_key
left join business_hours on store_keys.store_id = business_hours.store_id
left join attributes on store_keys.store_id = attributes.store_id
left join runs on store_keys.store_key = runs.store_key
order by store_keys.store_id
