-- Every second of business time is in exactly one row of the timeline: rows do not overlap, and
-- from where this build worked it out they add up to the windows. Also fails when there are no rows.
with changes as (
    select * from {{ ref('int_changes') }}
),

timeline as (
    select
        timeline.*,
        greatest(timeline.started_us, changes.changed_us) as counted_from_us,
    from {{ ref('int_store_timeline') }} as timeline
    inner join changes
        on timeline.store_key = changes.store_key and timeline.ended_us >= changes.changed_us
),

overlapping as (
    select store_key, started_us
    from timeline
    qualify
        started_us < lag(ended_us) over (partition by store_key order by started_us)
        or started_us >= ended_us
),

windows as (
    select
        business_windows.store_key,
        sum(
            business_windows.ended_us - greatest(business_windows.started_us, changes.changed_us)
        ) as business_us,
    from {{ ref('int_business_windows') }} as business_windows
    inner join changes on business_windows.store_key = changes.store_key
    group by business_windows.store_key
),

sums as (
    select store_key, sum(ended_us - counted_from_us) as business_us
    from timeline
    group by store_key
)

select 'overlaps' as failure, store_key, started_us
from overlapping

union all

select 'does not add up', coalesce(sums.store_key, windows.store_key), null
from sums
full outer join windows on sums.store_key = windows.store_key
where coalesce(sums.business_us, 0) <> coalesce(windows.business_us, 0)

union all

select 'no rows', null, null
where {{ timeline_is_lost() }} or not exists (select 1 from changes)
