{{ config(contract={'enforced': false}) }}

with store_keys as (
    select * from {{ ref('int_store_keys') }}
),

schedules as (
    select * from {{ ref('int_store_schedules') }}
),

whole_weeks as (
    select schedule_key from {{ ref('int_weekly_hours') }}
    where opens_us = 0 and closes_us = 604800000000
),

business_hours as (
    select distinct store_id from {{ ref('stg_business_hours') }}
    where rejected_as is null
),

-- Its further columns are whatever the input has.
attributes as (
    select
        store_id,
        {{ attribute_columns(ref('int_attribute_values')) }}
    from {{ ref('int_attribute_values') }}
    group by store_id
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
    schedules.timezone,
    schedules.is_timezone_given,
    business_hours.store_id is not null as has_business_hours,
    whole_weeks.schedule_key is not null as is_always_open,
    {{ timestamp_utc('runs.first_polled_us') }} as first_polled_at,
    {{ timestamp_utc('runs.last_polled_us') }} as last_polled_at,
    case
        when runs.is_active then 'active'
        when not runs.is_active then 'inactive'
    end as last_status,
    attributes.* exclude (store_id),
    store_keys.named_by,
from store_keys
inner join schedules on store_keys.store_key = schedules.store_key
left join whole_weeks on schedules.schedule_key = whole_weeks.schedule_key
left join business_hours on store_keys.store_id = business_hours.store_id
left join attributes on store_keys.store_id = attributes.store_id
left join runs on store_keys.store_key = runs.store_key
order by store_keys.store_id
