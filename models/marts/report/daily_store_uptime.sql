{{ config(materialized='view') }}

with days as (
    select * from {{ ref('int_store_days') }}
),

store_keys as (
    select * from {{ ref('int_store_keys') }}
)

select
    store_keys.store_id,
    {{ date_of('days.local_day') }} as local_date,
    {{ figures('days') }},
    {{ is_enough('coverage_ratio') }} as is_enough,
from days
inner join store_keys on days.store_key = store_keys.store_key
