-- The last week's figures are the sums of the timeline's rows in it, and its business time is that of the
-- last day and of the six before. Fails when there is nothing.
with horizon as (
    select
        as_of_us - 604800000000 as week_us,
        as_of_us - 86400000000 as day_us,
        as_of_us,
    from {{ ref('int_horizon') }}
),

timeline as (
    select
        timeline.store_key,
        timeline.status,
        timeline.is_confirmed,
        greatest(timeline.started_us, horizon.week_us) as started_us,
        least(timeline.ended_us, horizon.as_of_us) as ended_us,
        horizon.day_us,
    from {{ ref('int_store_timeline') }} as timeline
    inner join horizon
        on timeline.ended_us > horizon.week_us
        and timeline.started_us < horizon.as_of_us
),

-- The week split at the day: neither part may lose or repeat what the other has.
summed as (
    select
        store_key,
        sum(greatest(least(ended_us, day_us) - started_us, 0)) as business_before_us,
        sum(greatest(ended_us - greatest(started_us, day_us), 0)) as business_day_us,
        sum(ended_us - started_us) filter (where status = 'up') as uptime_us,
        sum(ended_us - started_us) filter (where status = 'down') as downtime_us,
        sum(ended_us - started_us) filter (where is_confirmed) as confirmed_us,
    from timeline
    group by store_key
),

weeks as (
    select
        store_id,
        max(business_seconds) filter (where period = 'last_week') as business_seconds,
        max(business_seconds) filter (where period = 'last_day') as business_day_seconds,
        max(uptime_seconds) filter (where period = 'last_week') as uptime_seconds,
        max(downtime_seconds) filter (where period = 'last_week') as downtime_seconds,
        max(confirmed_seconds) filter (where period = 'last_week') as confirmed_seconds,
    from {{ ref('period_uptime') }}
    group by store_id
),

compared as (
    select
        store_keys.store_id,
        weeks.store_id is null
        or round(weeks.business_seconds * 1e6)
        <> coalesce(summed.business_before_us + summed.business_day_us, 0)
        or round(weeks.business_day_seconds * 1e6) <> coalesce(summed.business_day_us, 0)
        or round(weeks.uptime_seconds * 1e6) <> coalesce(summed.uptime_us, 0)
        or round(weeks.downtime_seconds * 1e6) <> coalesce(summed.downtime_us, 0)
        or round(weeks.confirmed_seconds * 1e6) <> coalesce(summed.confirmed_us, 0) as differs,
    from {{ ref('int_store_keys') }} as store_keys
    left join weeks on store_keys.store_id = weeks.store_id
    left join summed on store_keys.store_key = summed.store_key
)

select 'does not add up' as failure, store_id
from compared
where differs

union all

select 'no rows' as failure, null
where not exists (select 1 from compared)
