with stores as (
    select * from {{ ref('stores') }}
),

weeks as (
    select * from {{ ref('period_uptime') }}
    where period = 'last_week'
),

store_keys as (
    select * from {{ ref('int_store_keys') }}
),

with_gaps as (
    select
        store_keys.store_key,
        stores.store_id,
        stores.last_polled_at,
        stores.last_status,
        weeks.ended_at as as_of,
        silences.usual_gap_us / 1000000.0e0 as usual_gap_seconds,
        silences.is_not_heard_from,
    from stores
    inner join weeks on stores.store_id = weeks.store_id
    inner join store_keys on stores.store_id = store_keys.store_id
    inner join {{ ref('int_silences') }} as silences on store_keys.store_key = silences.store_key
),

-- The last stretch of each status. The timeline is named where it is read, as DuckDB would write down a CTE
-- that is read twice.
last_of_each_status as (
    select
        store_key,
        status,
        max(ended_us) as ended_us,
    from {{ ref('int_store_timeline') }}
    group by store_key, status
),

last_stretches as (
    select
        store_key,
        max(ended_us) as ended_us,
        max_by(status, ended_us) as status,
    from last_of_each_status
    group by store_key
),

last_of_other_status as (
    select
        last_of_each_status.store_key,
        max(last_of_each_status.ended_us) as ended_us,
    from last_of_each_status
    inner join last_stretches
        on last_of_each_status.store_key = last_stretches.store_key
        and last_of_each_status.status <> last_stretches.status
    group by last_of_each_status.store_key
),

-- From when on business time has had that status.
since as (
    select
        timeline.store_key,
        min(timeline.started_us) as started_us,
    from {{ ref('int_store_timeline') }} as timeline
    left join last_of_other_status on timeline.store_key = last_of_other_status.store_key
    where timeline.started_us >= coalesce(last_of_other_status.ended_us, timeline.started_us)
    group by timeline.store_key
),

judged as (
    select
        with_gaps.store_id,
        case
            when coalesce({{ timestamp_utc('last_stretches.ended_us') }} < with_gaps.as_of, true)
                then 'closed'
            when with_gaps.is_not_heard_from and last_stretches.status <> 'excluded'
                then 'not heard from'
            else last_stretches.status
        end as current_status,
        with_gaps.as_of,
        with_gaps.last_polled_at,
        with_gaps.last_status,
        with_gaps.usual_gap_seconds,
        {{ timestamp_utc('last_stretches.ended_us') }} as ended_at,
        {{ timestamp_utc('since.started_us') }} as started_at,
    from with_gaps
    left join last_stretches on with_gaps.store_key = last_stretches.store_key
    left join since on with_gaps.store_key = since.store_key
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
