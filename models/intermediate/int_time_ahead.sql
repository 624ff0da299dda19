with horizon as (
    select * from {{ ref('int_horizon') }}
),

statuses as (
    select
        statuses.store_key,
        greatest(statuses.started_us, horizon.as_of_us) as started_us,
        statuses.ended_us,
        statuses.status,
        statuses.is_confirmed,
    from {{ ref('int_statuses') }} as statuses
    inner join horizon on statuses.ended_us > horizon.as_of_us
),

business_windows as (
    select open_time.*
    from {{ ref('int_open_time') }} as open_time
    inner join horizon on open_time.ended_us > horizon.as_of_us
),

{{ in_business_time('statuses', 'business_windows') }}

select
    store_key,
    started_us,
    ended_us,
    cast(status as {{ status_type() }}) as status,
    is_confirmed,
from in_business_time
