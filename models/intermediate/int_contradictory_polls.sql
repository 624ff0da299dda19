with polls as (
    select * from {{ ref('int_polls') }}
    where is_active
),

contradicted as (
    select store_key, polled_us from {{ ref('int_status_changes') }}
    where is_contradicted
),

store_keys as (
    select * from {{ ref('int_store_keys') }}
)

-- The contradiction shows only when all files are together, so a poll stands here in its
-- normal spelling and without its line.
select
    polls.file_key,
    store_keys.store_id,
    cast(json_object(
        'store_id', store_keys.store_id,
        'status', 'active',
        'timestamp_utc', {{ timestamp_utc('polls.polled_us') }} || ' UTC'
    ) as varchar) as raw_values,
from polls
inner join contradicted
    on polls.store_key = contradicted.store_key
    and polls.polled_us = contradicted.polled_us
inner join store_keys on polls.store_key = store_keys.store_key
