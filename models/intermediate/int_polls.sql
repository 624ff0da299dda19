{{ config(
    materialized='incremental',
    incremental_strategy='replace_where',
    incremental_predicates=["file_key in (select file_key from inputs.removed_files)"],
    post_hook=["{{ load_polls_of_late_stores() }}", "{{ keep_malformed_rows('store_status') }}"],
) }}

with store_status as (
    select * from {{ ref('stg_store_status') }}
),

stores as (
    select * from {{ ref('int_store_spellings') }}
),

keyed as (
    {{ polls_with_keys('store_status', 'stores') }}
)

select
    store_key,
    polled_us,
    is_active,
    file_key,
from keyed
