{{ config(materialized='table', post_hook="{{ keep_malformed_rows('business_hours') }}") }}

with business_hours as (
    select * from {{ source('inputs', 'business_hours_numbered') }}
),

-- A chain has far fewer times than rows, so each is read once.
times as (
    select start_time_local as time_local from business_hours
    union
    select end_time_local from business_hours
),

times_of_day as (
    select
        time_local,
        {{ time_of_day_us('time_local') }} as time_us,
    from times
),

named as (
    select
        business_hours.*,
        nullif({{ trimmed('business_hours.store_id') }}, '') as trimmed_store_id,
        -- Tools that know no missing integers write days as 0.0.
        case
            when regexp_full_match({{ trimmed('business_hours.day') }}, '[0-6](\.0+)?')
                then cast(left({{ trimmed('business_hours.day') }}, 1) as integer)
        end as day_of_week,
        openings.time_us as opens_us,
        closings.time_us as closes_us,
        {{ local_day('business_hours.valid_from') }} as valid_from_day,
        {{ local_day('business_hours.valid_to') }} as valid_to_day,
    from business_hours
    left join times_of_day as openings
        on business_hours.start_time_local = openings.time_local
    left join times_of_day as closings
        on business_hours.end_time_local = closings.time_local
),

judged as (
    select
        *,
        case
            when trimmed_store_id is null then 'missing_store_id'
            when day_of_week is null then 'bad_day'
            when opens_us is null or closes_us is null or opens_us = 86400000000 then 'bad_time'
            when
                (valid_from_day is null and {{ trimmed('valid_from') }} <> '')
                or (valid_to_day is null and {{ trimmed('valid_to') }} <> '')
                or valid_to_day < valid_from_day
                then 'bad_validity'
        end as rejected_as,
    from named
)

select
    file_key,
    row_number,
    trimmed_store_id as store_id,
    day_of_week,
    opens_us,
    closes_us,
    valid_from_day,
    valid_to_day,
    rejected_as,
    case
        when rejected_as is not null
            then {{ raw_values(
                ['store_id', 'day', 'start_time_local', 'end_time_local'],
                ['valid_from', 'valid_to']
            ) }}
    end as raw_values,
from judged
