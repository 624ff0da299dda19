with store_keys as (
    select * from {{ ref('int_store_keys') }}
),

given as (
    select distinct store_id, timezone from {{ ref('int_timezones') }}
    where rejected_as is null
)

select
    store_keys.store_key,
    coalesce(given.timezone, '{{ var("default_timezone") }}') as timezone,
    given.timezone is not null as is_timezone_given,
from store_keys
left join given on store_keys.store_id = given.store_id
