with known_stores as (
    select * from {{ ref('int_known_stores') }}
),

polled as (
    select store_id from known_stores
    where store_key in (select store_key from {{ ref('int_polls') }})
    union
    select store_id from {{ ref('int_rejected_polls') }}
),

business_hours as (
    select distinct store_id from {{ ref('stg_business_hours') }}
),

timezones as (
    select distinct store_id from {{ ref('stg_timezones') }}
)

-- A store that no input names any more keeps its key, should it come back, and is left out.
select
    known_stores.store_id,
    known_stores.store_key,
    polled.store_id is not null as is_polled,
    business_hours.store_id is not null as has_business_hours,
    timezones.store_id is not null as has_timezone,
    concat_ws(
        ', ',
        case when polled.store_id is not null then 'store_status' end,
        case when business_hours.store_id is not null then 'business_hours' end,
        case when timezones.store_id is not null then 'timezones' end
    ) as named_by,
from known_stores
left join polled on known_stores.store_id = polled.store_id
left join business_hours on known_stores.store_id = business_hours.store_id
left join timezones on known_stores.store_id = timezones.store_id
where polled.store_id is not null or business_hours.store_id is not null or timezones.store_id is not null
