with special_hours as (
    select * from {{ source('lake', 'special_hours') }}
    where removed_load is null
),

read as (
    select
        *,
        coalesce(is_closed, false)
        or opening = 'closed'
        or (closed = '' and opening = '' and closing = '') as is_closed_all_day,
    from special_hours
),

judged as (
    select
        *,
        case
            when set_aside_as is not null then set_aside_as
            when store_id is null then 'missing_store_id'
            when local_day is null then 'bad_date'
            when not is_closed_all_day and closed <> '' and is_closed is null then 'bad_closed'
            when
                not is_closed_all_day
                and (opens_us is null or closes_us is null or opens_us = 86400000000)
                then 'bad_time'
        end as rejected_as,
    from read
)

select
    file_key,
    line_number,
    store_id,
    local_day,
    is_closed_all_day as is_closed,
    opens_us,
    closes_us,
    rejected_as,
    raw_values,
from judged
