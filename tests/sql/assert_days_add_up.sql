-- Days and outages each add up to the timeline; also fails when it is empty.
with totals as (
    select
        'timeline' as source,
        sum(cast(duration_seconds as decimal(30, 6))) as business_seconds,
        sum(cast(case when status = 'down' then duration_seconds else 0 end as decimal(30, 6)))
            as downtime_seconds,
    from {{ ref('store_timeline') }}

    union all

    select
        'days',
        sum(cast(business_seconds as decimal(30, 6))),
        sum(cast(downtime_seconds as decimal(30, 6))),
    from {{ ref('daily_store_uptime') }}

    union all

    select
        'outages',
        null,
        sum(cast(business_seconds_lost as decimal(30, 6))),
    from {{ ref('outages') }}
)

select
    totals.source,
    totals.business_seconds,
    totals.downtime_seconds,
from totals
inner join totals as timeline on timeline.source = 'timeline'
where
    timeline.business_seconds is null
    or coalesce(totals.business_seconds <> timeline.business_seconds, totals.source = 'days')
    or coalesce(totals.downtime_seconds, 0) <> timeline.downtime_seconds
