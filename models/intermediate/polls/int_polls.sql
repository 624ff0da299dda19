{{ config(materialized='incremental', incremental_strategy='replace_files') }}

with known_stores_mark as (
    select load from {{ source('build', 'marks') }}
    where name = 'int_known_stores'
),

polls as (
    select * from {{ ref('stg_store_status') }}
    where
        added_load > {{ load_seen() }}
        and added_load <= (select load from known_stores_mark)
        -- Polls that are dated in the future count once the clock has caught up with them.
        and (rejected_as is null or rejected_as = 'future_timestamp')
),

stores as (
    select * from {{ ref('int_known_stores') }}
)

select
    stores.store_key,
    polls.polled_us,
    polls.is_active,
    polls.file_key,
from polls
inner join stores on polls.store_id = stores.store_id
