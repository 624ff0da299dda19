-- Every second of business time is in exactly one row of the timeline: rows do not overlap, and
-- in the stretch that this build worked out they add up to the windows.
with timeline as (
    select timeline.*
    from {{ ref('int_store_timeline') }} as timeline
    inner join {{ ref('int_changes') }} as changes
        on timeline.store_key = changes.store_key and timeline.ended_us >= changes.changed_us
),

overlapping as (
    select store_key, started_us
    from timeline
    qualify
        started_us < lag(ended_us) over (partition by store_key order by started_us)
        or started_us >= ended_us
),

-- The first row may begin inside a window, of which the part before belongs to older rows.
first_rows as (
    select store_key, min(started_us) as started_us
    from timeline
    group by store_key
),

windows as (
    select
        business_windows.store_key,
        sum(
            business_windows.ended_us
            - greatest(business_windows.started_us, first_rows.started_us)
        ) as business_us,
    from {{ ref('int_business_windows') }} as business_windows
    inner join first_rows on business_windows.store_key = first_rows.store_key
    where business_windows.ended_us > first_rows.started_us
    group by business_windows.store_key
),

sums as (
    select store_key, sum(ended_us - started_us) as business_us
    from timeline
    group by store_key
)

select 'overlaps' as failure, store_key, started_us
from overlapping

union all

select 'does not add up', coalesce(sums.store_key, windows.store_key), null
from sums
full outer join windows on sums.store_key = windows.store_key
where sums.business_us is distinct from windows.business_us
