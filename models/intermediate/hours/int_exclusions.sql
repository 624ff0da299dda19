with store_keys as (
    select * from {{ ref('int_store_keys') }}
),

exclusions as (
    select exclusions.*
    from {{ ref('stg_exclusions') }} as exclusions
    cross join {{ ref('int_horizon') }} as horizon
    where
        exclusions.rejected_as is null
        and '{{ var("exclusions") }}' <> 'ignore'
        and exclusions.ended_us > horizon.first_day * 86400000000
),

of_any_store as (
    select
        store_keys.store_key,
        exclusions.started_us,
        exclusions.ended_us,
    from exclusions
    inner join store_keys on exclusions.store_id = store_keys.store_id

    union all

    select
        store_keys.store_key,
        exclusions.started_us,
        exclusions.ended_us,
    from exclusions
    cross join store_keys
    where exclusions.store_id = '*'
),

keyed as (
    select
        store_key,
        started_us,
        max(ended_us) as ended_us,
    from of_any_store
    group by store_key, started_us
),

{{ merged('keyed', 'started_us', 'ended_us') }}

select
    store_key,
    started_us,
    ended_us,
from keyed_merged
