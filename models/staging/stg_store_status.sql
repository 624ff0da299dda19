with store_status as (
    select * from {{ source('inputs', 'store_status') }}
),

named as (
    select
        file_key,
        nullif(trim(store_id), '') as store_id,
        lower(trim(status)) as status,
        {{ instant_us('timestamp_utc') }} as polled_us,
    from store_status
),

judged as (
    select
        *,
        {{ poll_rejected_as('store_id', 'status', 'polled_us') }} as rejected_as,
    from named
)

select
    file_key,
    store_id,
    polled_us,
    status = 'active' as is_active,
    rejected_as,
from judged
