{{ config(meta={'may_stay_the_same': true}, post_hook="{{ compare_rows() }}") }}

with spellings as (
    select * from {{ ref('int_store_spellings') }}
),

new_files as (
    select file_key from {{ source('inputs', 'files') }}
    where is_new
),

polls as (
    select distinct store_key from {{ ref('int_polls') }}
    where file_key in (select file_key from new_files)
),

known as (
    select * from {{ source('inputs', 'store_keys_before') }}
),

stores_without_polls as (
    select * from {{ source('inputs', 'stores_without_polls') }}
),

stores as (
    select
        store_id,
        store_key,
        bool_or(is_in_other_inputs) as is_in_other_inputs,
    from spellings
    group by store_id, store_key
),

judged as (
    select
        stores.*,
        polls.store_key is not null
        or (coalesce(known.is_in_polls, false) and stores_without_polls.store_key is null) as is_in_polls,
    from stores
    left join polls on stores.store_key = polls.store_key
    left join known on stores.store_key = known.store_key
    left join stores_without_polls on stores.store_key = stores_without_polls.store_key
)

-- A known store goes when none of the inputs has it any more.
select
    store_id,
    store_key,
    is_in_polls,
from judged
where is_in_polls or is_in_other_inputs
