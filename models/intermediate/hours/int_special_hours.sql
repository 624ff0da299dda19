with special_hours as (
    select * from {{ ref('stg_special_hours') }}
    where rejected_as is null
),

-- Closed and hours on one date: the hours hold.
judged as (
    select
        *,
        bool_and(is_closed) over (partition by store_id, local_day) as is_closed_all_day,
    from special_hours
)

select distinct
    store_id,
    local_day,
    case when not is_closed then opens_us end as opens_us,
    case when not is_closed then {{ closing_us('opens_us', 'closes_us') }} end as closes_us,
from judged
where is_closed = is_closed_all_day
