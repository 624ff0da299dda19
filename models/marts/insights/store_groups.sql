{{ config(materialized='view') }}

with store_keys as (
    select * from {{ ref('int_store_keys') }}
),

schedules as (
    select * from {{ ref('int_store_schedules') }}
),

attribute_values as (
    select * from {{ ref('int_attribute_values') }}
),

attributes as (
    select distinct attribute from attribute_values
)

select
    store_id,
    'all' as attribute,
    cast(null as varchar) as value,
from store_keys

union all

select store_id, 'store_id' as attribute, store_id as value
from store_keys

union all

select store_keys.store_id, 'timezone', schedules.timezone
from store_keys
inner join schedules on store_keys.store_key = schedules.store_key

union all

-- A store that lacks an attribute which others have is in the group of those without.
select store_keys.store_id, attributes.attribute, attribute_values.value
from store_keys
cross join attributes
left join attribute_values
    on store_keys.store_id = attribute_values.store_id
    and attributes.attribute = attribute_values.attribute
