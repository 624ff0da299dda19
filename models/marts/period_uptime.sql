with store_keys as (
    select * from {{ ref('int_store_keys') }}
),

horizon as (
    select * from {{ ref('int_horizon') }}
),

periods as (
    select
        periods.period,
        horizon.as_of_us - periods.length_us as started_us,
        horizon.as_of_us as ended_us,
    from {{ ref('stg_periods') }} as periods
    cross join horizon
),

timeline as (
    select * from {{ ref('int_store_timeline') }}
    where ended_us > (select min(started_us) from periods)
),

clipped as (
    select
        timeline.store_key,
        periods.period,
        timeline.status,
        timeline.is_confirmed,
        least(timeline.ended_us, periods.ended_us)
        - greatest(timeline.started_us, periods.started_us) as length_us,
    from timeline
    inner join periods
        on timeline.started_us < periods.ended_us
        and timeline.ended_us > periods.started_us
),

summed as (
    select
        store_key,
        period,
        sum(length_us) as business_us,
        sum(length_us) filter (where status = 'up') as uptime_us,
        sum(length_us) filter (where status = 'down') as downtime_us,
        sum(length_us) filter (where status = 'unknown') as unknown_us,
        sum(length_us) filter (where status = 'up' and is_confirmed) as confirmed_uptime_us,
        sum(length_us) filter (where status = 'down' and is_confirmed) as confirmed_downtime_us,
    from clipped
    group by store_key, period
)

select
    store_keys.store_id,
    periods.period,
    {{ timestamp_utc('periods.started_us') }} as started_at,
    {{ timestamp_utc('periods.ended_us') }} as ended_at,
    coalesce(summed.business_us, 0) / 1000000.0e0 as business_seconds,
    coalesce(summed.uptime_us, 0) / 1000000.0e0 as uptime_seconds,
    coalesce(summed.downtime_us, 0) / 1000000.0e0 as downtime_seconds,
    coalesce(summed.unknown_us, 0) / 1000000.0e0 as unknown_seconds,
    coalesce(summed.confirmed_uptime_us, 0) / 1000000.0e0 as uptime_seconds_min,
    (coalesce(summed.business_us, 0) - coalesce(summed.confirmed_downtime_us, 0)) / 1000000.0e0
        as uptime_seconds_max,
from store_keys
cross join periods
left join summed
    on store_keys.store_key = summed.store_key
    and periods.period = summed.period
order by store_keys.store_id, periods.ended_us - periods.started_us
