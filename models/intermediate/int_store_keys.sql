{{ config(
    materialized='incremental',
    incremental_strategy='replace_where',
    incremental_predicates=["true"],
    meta={'may_stay_the_same': true},
    post_hook="{{ compare_rows() }}",
) }}

with seen as (
    select
        store_id,
        bool_or(is_in_polls) as is_in_polls,
    from {{ ref('int_store_spellings') }}
    where store_id <> ''
    group by store_id
),

stores_without_polls as (
    select * from {{ source('inputs', 'stores_without_polls') }}
),

known as (
    {% if is_incremental() %}
    select
        store_id,
        store_key,
        is_in_polls and store_key not in (select store_key from stores_without_polls) as is_in_polls,
    from {{ this }}
    {% else %}
    select
        cast(null as varchar) as store_id,
        cast(null as integer) as store_key,
        false as is_in_polls,
    where false
    {% endif %}
),

-- A known store goes when none of the inputs has it any more. Keys are never given twice.
stores as (
    select
        coalesce(known.store_id, seen.store_id) as store_id,
        known.store_key,
        coalesce(known.is_in_polls, false) or coalesce(seen.is_in_polls, false) as is_in_polls,
        coalesce((select max(store_key) from known), 0) as last_key,
    from known
    full outer join seen on known.store_id = seen.store_id
    where seen.store_id is not null or known.is_in_polls
)

select
    store_id,
    cast(
        coalesce(
            store_key,
            last_key + row_number() over (partition by store_key is null order by store_id)
        ) as integer
    ) as store_key,
    is_in_polls,
from stores
