-- Every second of business time is in exactly one row of the timeline, or of the day ahead, from where the
-- last run worked it out: after a full build on all days. Also fails when there are no rows.
with bounds as (
    select * from {{ ref('int_windows_from') }}
),

stores as (
    select * from {{ ref('int_store_schedules') }}
),

timeline as (
    select timeline.*
    from {{ ref('int_store_timeline') }} as timeline
    inner join bounds on timeline.ended_us > bounds.from_us

    union all

    select * from {{ ref('int_time_ahead') }}
),

spans as (
    select
        store_key,
        started_us,
        ended_us,
        1 as times,
    from timeline

    union all

    select
        stores.store_key,
        windows.started_us,
        windows.ended_us,
        -1 as times,
    from stores
    inner join {{ ref('int_business_windows') }} as windows on stores.schedule_key = windows.schedule_key
),

-- Where one row ends and the next begins, the two hashes of that instant cancel out. What is left of a
-- window covered once, without a gap or an overlap, are those of its two ends.
sums as (
    select
        spans.store_key,
        sum(spans.times * (spans.ended_us - greatest(spans.started_us, bounds.from_us))) as business_us,
        sum(
            spans.times
            * (
                cast(hash(spans.ended_us) >> 32 as bigint)
                - cast(hash(greatest(spans.started_us, bounds.from_us)) >> 32 as bigint)
            )
        ) as ends,
    from spans
    cross join bounds
    group by spans.store_key
)

select 'not the business time' as failure, store_key
from sums
where business_us <> 0 or ends <> 0

union all

select 'ends before it starts', store_key
from timeline
where started_us >= ended_us

union all

select 'no rows', null
where {{ timeline_is_lost() }} or not exists (select 1 from stores)
