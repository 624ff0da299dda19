with special_hours as (
    select * from {{ ref('stg_special_hours') }}
    where rejected_as is null
),

store_keys as (
    select * from {{ ref('int_store_keys') }}
)

select
    special_hours.store_id,
    {{ date_of('special_hours.local_day') }} as local_date,
    special_hours.is_closed,
    case
        when not special_hours.is_closed
            then {{ time_of_day('special_hours.opens_us') }}
    end as opens_at,
    case
        when not special_hours.is_closed
            then {{ time_of_day('special_hours.closes_us') }}
    end as closes_at,
from special_hours
left join store_keys on special_hours.store_id = store_keys.store_id
where store_keys.store_id is not null or special_hours.store_id = '*'
order by special_hours.store_id, special_hours.local_day, special_hours.opens_us
