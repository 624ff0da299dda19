{{ config(materialized='incremental', incremental_strategy='append') }}

with polls as (
    select * from {{ ref('stg_store_status') }}
),

business_hours as (
    select * from {{ ref('stg_business_hours') }}
),

timezones as (
    select * from {{ ref('stg_timezones') }}
),

-- A store whose rows were all rejected is still a store.
stores as (
    select store_id from polls
    union
    select store_id from business_hours
    union
    select store_id from timezones
),

known as (
    {% if is_incremental() %}
    select
        store_id,
        store_key,
    from {{ this }}
    {% else %}
    select
        cast(null as varchar) as store_id,
        cast(null as integer) as store_key,
    where false
    {% endif %}
),

new_stores as (
    select store_id
    from stores
    where store_id is not null and store_id not in (select store_id from known)
)

select
    store_id,
    cast(
        coalesce((select max(store_key) from known), 0) + row_number() over (order by store_id)
        as integer
    ) as store_key,
from new_stores
