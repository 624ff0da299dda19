{{ config(
    materialized='incremental',
    incremental_strategy='append',
    full_refresh=false,
    meta={'is_never_made_again': true},
) }}

with polls as (
    select distinct store_id from {{ ref('stg_store_status') }}
    where added_load > {{ load_seen() }}
),

business_hours as (
    select distinct store_id from {{ ref('stg_business_hours') }}
),

timezones as (
    select distinct store_id from {{ ref('stg_timezones') }}
),

named as (
    select store_id from polls
    union
    select store_id from business_hours
    union
    select store_id from timezones
),

known as (
    {{ rows_so_far(
        'store_id, store_key', 'cast(null as varchar) as store_id, cast(null as integer) as store_key'
    ) }}
),

new as (
    select named.store_id
    from named
    left join known on named.store_id = known.store_id
    where named.store_id is not null and known.store_id is null
)

select
    store_id,
    cast(
        (select coalesce(max(store_key), 0) from known) + row_number() over (order by store_id) as integer
    ) as store_key,
from new
