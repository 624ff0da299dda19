with exclusions as (
    select * from {{ ref('stg_exclusions') }}
    where rejected_as is null and '{{ var("exclusions") }}' <> 'ignore'
),

stores as (
    select * from {{ ref('int_store_keys') }}
),

keyed as (
    select
        stores.store_key,
        exclusions.started_us,
        max(exclusions.ended_us) as ended_us,
    from exclusions
    inner join stores on exclusions.store_id in (stores.store_id, '*')
    group by stores.store_key, exclusions.started_us
),

{{ merged('keyed', 'started_us', 'ended_us') }}

select
    store_key,
    started_us,
    ended_us,
from keyed_merged
