with special_hours as (
    select * from {{ ref('stg_special_hours') }}
    where rejected_as is null
),

store_keys as (
    select * from {{ ref('int_store_keys') }}
),

-- Closed and hours on one date: the hours hold. Judged while what is said of all stores is one row.
judged as (
    select
        *,
        bool_and(is_closed) over (partition by store_id, local_day) as is_closed_all_day,
    from special_hours
),

-- Not limited to the days up to as_of: the day that comes next is to change no store's schedule.
dated as (
    select distinct
        judged.store_id,
        judged.local_day,
        case when not judged.is_closed then judged.opens_us end as opens_us,
        case when not judged.is_closed then {{ closing_us('judged.opens_us', 'judged.closes_us') }} end
            as closes_us,
    from judged
    cross join {{ ref('int_horizon_days') }} as days
    where
        judged.is_closed = judged.is_closed_all_day
        and judged.local_day >= days.first_day - 1
),

of_one_store as (
    select
        store_keys.store_key,
        dated.local_day,
        dated.opens_us,
        dated.closes_us,
    from dated
    inner join store_keys on dated.store_id = store_keys.store_id
)

select
    store_key,
    local_day,
    opens_us,
    closes_us,
from of_one_store

union all

-- What is said of a store itself goes before what is said of all.
select
    store_keys.store_key,
    dated.local_day,
    dated.opens_us,
    dated.closes_us,
from dated
cross join store_keys
left join of_one_store
    on store_keys.store_key = of_one_store.store_key
    and dated.local_day = of_one_store.local_day
where dated.store_id = '*' and of_one_store.store_key is null
