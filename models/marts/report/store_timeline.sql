{{ config(materialized='view') }}

with timeline as (
    select * from {{ ref('int_store_timeline') }}
),

store_keys as (
    select * from {{ ref('int_store_keys') }}
)

select
    store_keys.store_id,
    {{ timestamp_utc('timeline.started_us') }} as started_at,
    {{ timestamp_utc('timeline.ended_us') }} as ended_at,
    cast(timeline.status as varchar) as status,
    timeline.is_confirmed,
    (timeline.ended_us - timeline.started_us) / 1000000.0e0 as duration_seconds,
from timeline
inner join store_keys on timeline.store_key = store_keys.store_key
