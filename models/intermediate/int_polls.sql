{{ config(
    materialized='incremental',
    incremental_strategy='replace_where',
    incremental_predicates=["file_key not in (select file_key from inputs.files)"],
    post_hook="{{ keep_malformed_rows('store_status') }}",
) }}

with store_status as (
    select * from {{ ref('stg_store_status') }}
),

store_keys as (
    select * from {{ ref('int_store_keys') }}
)

select
    store_keys.store_key,
    store_status.polled_us,
    store_status.is_active,
    store_status.file_key,
    store_status.rejected_as,
from store_status
left join store_keys on store_status.store_id = store_keys.store_id
