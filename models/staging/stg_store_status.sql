with store_status as (
    select * from {{ source('inputs', 'store_status') }}
),

named as (
    select
        file_key,
        store_id as spelling,
        {{ status_word('status') }} as status,
        coalesce(timestamp_us, {{ instant_us('timestamp_utc') }}) as polled_us,
        latest_us,
    from store_status
)

select
    file_key,
    spelling,
    polled_us,
    status = 'active' as is_active,
    {{ poll_rejected_as('status', 'polled_us', 'latest_us') }} as rejected_as,
from named
