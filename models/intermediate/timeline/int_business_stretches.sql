{{ config(materialized='view') }}

with stretches as (
    select
        stretches.*,
        schedules.schedule_key,
    from {{ ref('int_status_stretches') }} as stretches
    inner join {{ ref('int_store_schedules') }} as schedules on stretches.store_key = schedules.store_key
),

business_windows as (
    select * from {{ ref('int_business_windows') }}
),

{{ in_business_time('stretches', 'business_windows') }}

select
    store_key,
    started_us,
    ended_us,
    cast(status as {{ status_type() }}) as status,
    is_confirmed,
from in_business_time
