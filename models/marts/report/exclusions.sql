with exclusions as (
    select * from {{ ref('stg_exclusions') }}
    where rejected_as is null
),

store_keys as (
    select * from {{ ref('int_store_keys') }}
)

select
    exclusions.store_id,
    {{ timestamp_utc('exclusions.started_us') }} as started_at,
    {{ timestamp_utc('exclusions.ended_us') }} as ended_at,
    exclusions.reason,
    exclusions.author,
from exclusions
left join store_keys on exclusions.store_id = store_keys.store_id
where store_keys.store_id is not null or exclusions.store_id = '*'
order by exclusions.started_us, exclusions.ended_us, exclusions.store_id
