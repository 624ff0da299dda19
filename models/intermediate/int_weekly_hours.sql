with stores as (
    select * from {{ ref('int_store_keys') }}
),

business_hours as (
    select * from {{ ref('stg_business_hours') }}
    where rejected_as is null
),

-- All in microseconds since Monday 00:00 on the store's clock.
-- Files write the end of the day as 23:59, 23:59:00 or 23:59:59.
closing as (
    select
        store_id,
        day_of_week * 86400000000 as day_us,
        opens_us,
        case
            when closes_us >= {{ closes_at_midnight_from_us() }} then 86400000000
            else closes_us
        end as closes_us,
    from business_hours
),

spans as (
    select
        store_id,
        day_us + opens_us as opens_us,
        day_us + closes_us + case when closes_us <= opens_us then 86400000000 else 0 end
            as closes_us,
    from closing
),

-- What runs past Sunday midnight is the start of the week.
within_the_week as (
    select store_id, opens_us, least(closes_us, 604800000000) as closes_us
    from spans

    union all

    select store_id, 0 as opens_us, closes_us - 604800000000 as closes_us
    from spans
    where closes_us > 604800000000
),

keyed as (
    select
        stores.store_key,
        coalesce(within_the_week.opens_us, 0) as opens_us,
        max(coalesce(within_the_week.closes_us, 604800000000)) as closes_us,
    from stores
    left join within_the_week on stores.store_id = within_the_week.store_id
    group by 1, 2
),

{{ merged('keyed', 'opens_us', 'closes_us') }}

select
    store_key,
    opens_us,
    closes_us,
from keyed_merged
