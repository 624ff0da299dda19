{{ config(meta={'may_stay_the_same': true}, post_hook="{{ compare_rows() }}") }}

with spellings as (
    select * from {{ ref('int_store_spellings') }}
),

polls as (
    select * from {{ ref('int_polls') }}
),

stores as (
    select
        store_id,
        store_key,
        bool_or(is_in_other_inputs) as is_in_other_inputs,
    from spellings
    group by store_id, store_key
),

-- The polls are many, and the stores that they alone have are few.
polled as (
    select distinct polls.store_key
    from polls
    inner join stores on polls.store_key = stores.store_key
    where not stores.is_in_other_inputs
)

-- A known store goes when none of the inputs has it any more.
select
    stores.store_id,
    stores.store_key,
from stores
left join polled on stores.store_key = polled.store_key
where stores.is_in_other_inputs or polled.store_key is not null
