with special_hours as (
    select * from {{ ref('stg_special_hours') }}
    where rejected_as is null
),

store_keys as (
    select * from {{ ref('int_store_keys') }}
),

of_one_store as (
    select
        store_keys.store_key,
        special_hours.local_day,
        special_hours.is_closed,
        special_hours.opens_us,
        special_hours.closes_us,
    from special_hours
    inner join store_keys on special_hours.store_id = store_keys.store_id
),

-- What is said of a store itself goes before what is said of all.
of_any_store as (
    select * from of_one_store

    union all

    select
        store_keys.store_key,
        special_hours.local_day,
        special_hours.is_closed,
        special_hours.opens_us,
        special_hours.closes_us,
    from special_hours
    cross join store_keys
    left join of_one_store
        on store_keys.store_key = of_one_store.store_key
        and special_hours.local_day = of_one_store.local_day
    where special_hours.store_id = '*' and of_one_store.store_key is null
),

-- Closed and hours on one date: the hours hold.
judged as (
    select
        *,
        bool_and(is_closed) over (partition by store_key, local_day) as is_closed_all_day,
    from of_any_store
)

select distinct
    judged.store_key,
    judged.local_day,
    case when not judged.is_closed then judged.opens_us end as opens_us,
    case when not judged.is_closed then {{ closing_us('judged.opens_us', 'judged.closes_us') }} end
        as closes_us,
from judged
cross join {{ ref('int_horizon_days') }} as days
where
    judged.is_closed = judged.is_closed_all_day
    and judged.local_day >= days.first_day - 1
