{{ config(materialized='table', post_hook="{{ keep_malformed_rows('special_hours') }}") }}

with special_hours as (
    select * from {{ source('inputs', 'special_hours_numbered') }}
),

named as (
    select
        *,
        nullif({{ trimmed('store_id') }}, '') as trimmed_store_id,
        {{ local_day('date') }} as local_day,
        {{ time_of_day_us('start_time_local') }} as opens_us,
        {{ time_of_day_us('end_time_local') }} as closes_us,
        coalesce(lower({{ trimmed('start_time_local') }}), '') as opening,
        coalesce(lower({{ trimmed('end_time_local') }}), '') as closing,
        coalesce(lower({{ trimmed('closed') }}), '') as closed_text,
    from special_hours
),

read as (
    select
        *,
        closed_text in ('true', 't', 'yes', 'y', '1', 'closed')
        or opening = 'closed'
        or (closed_text = '' and opening = '' and closing = '') as is_closed,
    from named
),

judged as (
    select
        *,
        case
            when trimmed_store_id is null then 'missing_store_id'
            when local_day is null then 'bad_date'
            when not is_closed and closed_text not in ('', 'false', 'f', 'no', 'n', '0', 'open')
                then 'bad_closed'
            when
                not is_closed
                and (opens_us is null or closes_us is null or opens_us = 86400000000)
                then 'bad_time'
        end as rejected_as,
    from read
)

select
    file_key,
    row_number,
    trimmed_store_id as store_id,
    local_day,
    is_closed,
    opens_us,
    closes_us,
    rejected_as,
    {{ raw_values(['store_id', 'date'], ['start_time_local', 'end_time_local', 'closed']) }}
        as raw_values,
from judged
