with business_hours as (
    select * from {{ source('lake', 'business_hours') }}
    where removed_load is null
),

numbered as (
    select
        *,
        coalesce(day_of_week, day_number - {{ var('monday_is') }}) as day_from_monday,
    from business_hours
),

judged as (
    select
        *,
        case
            when set_aside_as is not null then set_aside_as
            when store_id is null then 'missing_store_id'
            when day_from_monday is null or day_from_monday not between 0 and 6 then 'bad_day'
            when opens_us is null or closes_us is null or opens_us = 86400000000 then 'bad_time'
            when
                (has_valid_from and valid_from_day is null)
                or (has_valid_to and valid_to_day is null)
                or valid_to_day < valid_from_day
                then 'bad_validity'
        end as rejected_as,
    from numbered
)

select
    file_key,
    line_number,
    store_id,
    case when day_from_monday between 0 and 6 then day_from_monday end as day_of_week,
    opens_us,
    {{ closing_us('opens_us', 'closes_us') }} as closes_us,
    valid_from_day,
    valid_to_day,
    rejected_as,
    raw_values,
from judged
