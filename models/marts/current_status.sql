with stores as (
    select * from {{ ref('stores') }}
),

weeks as (
    select * from {{ ref('period_uptime') }}
    where period = 'last_week'
),

timeline as (
    select * from {{ ref('int_store_timeline') }}
),

store_keys as (
    select * from {{ ref('int_store_keys') }}
),

-- The usual gap of a store is the mean of the last week. A poll at `as_of` is the last of it, but
-- after the period, which ends there.
gaps as (
    select
        store_keys.store_key,
        stores.store_id,
        stores.last_polled_at,
        stores.last_status,
        weeks.ended_at as as_of,
        epoch_us(stores.last_polled_at - make_timestamp(polls_of_week.first_polled_us)) / 1000000.0e0
        / nullif(weeks.polls + cast(stores.last_polled_at = weeks.ended_at as integer) - 1, 0)
            as usual_gap_seconds,
    from stores
    inner join weeks on stores.store_id = weeks.store_id
    inner join store_keys on stores.store_id = store_keys.store_id
    left join {{ ref('int_period_polls') }} as polls_of_week
        on store_keys.store_key = polls_of_week.store_key
        and weeks.period = polls_of_week.period
),

-- Stores with fewer than two polls in the week are measured by the others.
heard as (
    select
        *,
        last_polled_at is null
        or epoch_us(as_of - last_polled_at) / 1000000.0e0
        > 2 * coalesce(usual_gap_seconds, median(usual_gap_seconds) over ()) as is_not_heard_from,
    from gaps
),

-- The last stretch of each status.
ends as (
    select
        store_key,
        status,
        max(ended_us) as ended_us,
    from timeline
    group by store_key, status
),

last_stretches as (
    select
        store_key,
        max(ended_us) as ended_us,
        max_by(status, ended_us) as status,
    from ends
    group by store_key
),

others as (
    select
        ends.store_key,
        max(ends.ended_us) as ended_us,
    from ends
    inner join last_stretches
        on ends.store_key = last_stretches.store_key
        and ends.status <> last_stretches.status
    group by ends.store_key
),

-- From when on business time has had that status.
since as (
    select
        timeline.store_key,
        min(timeline.started_us) as started_us,
    from timeline
    left join others on timeline.store_key = others.store_key
    where timeline.started_us >= coalesce(others.ended_us, timeline.started_us)
    group by timeline.store_key
),

judged as (
    select
        heard.store_id,
        case
            when coalesce({{ timestamp_utc('last_stretches.ended_us') }} < heard.as_of, true) then 'closed'
            when heard.is_not_heard_from then 'not heard from'
            else last_stretches.status
        end as current_status,
        heard.as_of,
        heard.last_polled_at,
        heard.last_status,
        heard.usual_gap_seconds,
        {{ timestamp_utc('last_stretches.ended_us') }} as ended_at,
        {{ timestamp_utc('since.started_us') }} as started_at,
    from heard
    left join last_stretches on heard.store_key = last_stretches.store_key
    left join since on heard.store_key = since.store_key
)

select
    store_id,
    current_status,
    case current_status
        when 'closed' then ended_at
        when 'not heard from' then last_polled_at
        else started_at
    end as since_at,
    as_of,
    last_polled_at,
    last_status,
    usual_gap_seconds,
    case current_status
        when 'down' then 1
        when 'not heard from' then 2
        when 'unknown' then 3
        when 'up' then 4
        else 5
    end as urgency,
from judged
order by urgency asc, since_at desc nulls last, store_id asc
