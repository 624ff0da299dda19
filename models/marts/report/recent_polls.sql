{{ config(materialized='view') }}

with polls as (
    select * from {{ ref('int_recent_polls') }}
),

store_keys as (
    select * from {{ ref('int_store_keys') }}
)

select
    store_keys.store_id,
    {{ timestamp_utc('polls.polled_us') }} as polled_at,
    case when polls.is_active then 'active' else 'inactive' end as status,
from polls
inner join store_keys on polls.store_key = store_keys.store_key
