with store_status as (
    select * from {{ source('inputs', 'store_status') }}
),

named as (
    select
        file_key,
        store_id as spelling,
        {{ is_active('status') }} as is_active,
        coalesce(timestamp_us, {{ instant_us('timestamp_utc') }}) as polled_us,
        latest_us,
    from store_status
)

-- What counts is what poll_rejected_as has no reason against; to ask it here takes longer.
select
    file_key,
    spelling,
    case when is_active is not null and polled_us >= {{ first_poll_us() }} then polled_us end
        as polled_us,
    case when polled_us between {{ first_poll_us() }} and latest_us then is_active end as is_active,
from named
