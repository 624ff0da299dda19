{{ config(
    materialized='incremental',
    incremental_strategy='replace_where',
    incremental_predicates=["file_key in (select file_key from inputs.removed_files)"],
    post_hook="{{ keep_malformed_rows('store_status') }}",
) }}

with store_status as (
    select * from {{ ref('stg_store_status') }}
),

stores as (
    select
        spellings.spelling,
        store_keys.store_key,
    from {{ ref('int_store_spellings') }} as spellings
    inner join {{ ref('int_store_keys') }} as store_keys on spellings.store_id = store_keys.store_id
)

select
    stores.store_key,
    store_status.polled_us,
    store_status.is_active,
    store_status.file_key,
    case
        when stores.store_key is null then 'missing_store_id'
        else store_status.rejected_as
    end as rejected_as,
from store_status
left join stores on store_status.spelling = stores.spelling
