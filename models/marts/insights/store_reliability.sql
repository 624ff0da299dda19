{{ config(materialized='view') }}

with outages as (
    select * from {{ ref('outages') }}
),

days as (
    select * from {{ ref('daily_store_uptime') }}
),

uptime as (
    select
        store_id,
        {{ exact_sum('uptime_seconds') }} as uptime_seconds,
    from days
    group by store_id
),

failures as (
    select
        store_id,
        count(*) as outages,
        {{ exact_sum('business_seconds_lost') }} as business_seconds_lost,
        max(business_seconds_lost) as longest_seconds_lost,
        -- How long an outage lasts is known of those alone that the data do not cut.
        {{ exact_sum('case when not is_start_cut and not is_end_cut then wall_seconds end') }}
        / count(*) filter (where not is_start_cut and not is_end_cut) as mean_seconds_to_restore,
    from outages
    group by store_id
)

select
    store_keys.store_id,
    coalesce(failures.outages, 0) as outages,
    coalesce(failures.business_seconds_lost, 0.0e0) as business_seconds_lost,
    coalesce(failures.longest_seconds_lost, 0.0e0) as longest_seconds_lost,
    failures.mean_seconds_to_restore,
    {{ ratio('uptime.uptime_seconds', 'failures.outages') }} as mean_seconds_between_failures,
from {{ ref('int_store_keys') }} as store_keys
left join uptime on store_keys.store_id = uptime.store_id
left join failures on store_keys.store_id = failures.store_id
