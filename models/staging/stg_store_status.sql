with store_status as (
    select * from {{ source('lake', 'store_status') }}
    where removed_load is null
),

run as (
    select * from {{ source('build', 'run') }}
)

select
    file_key,
    line_number,
    added_load,
    store_id,
    is_active,
    polled_us,
    case
        when set_aside_as is not null then set_aside_as
        when store_id is null then 'missing_store_id'
        when is_active is null then 'unknown_status'
        when polled_us is null then 'bad_timestamp'
        when polled_us > (select clock_us + {{ clock_error_us() }} from run) then 'future_timestamp'
        when polled_us < {{ first_poll_us() }} then 'timestamp_before_zone_rules'
    end as rejected_as,
    raw_values,
from store_status
