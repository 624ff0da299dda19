-- Days and outages each add up to the timeline; also fails when it is empty.
with timeline as (
    select
        coalesce(sum(ended_us - started_us), 0) as business_us,
        coalesce(sum(ended_us - started_us) filter (where status = 'down'), 0) as downtime_us,
    from {{ ref('int_store_timeline') }}
),

days as (
    select
        coalesce(sum(business_us), 0) as business_us,
        coalesce(sum(downtime_us), 0) as downtime_us,
    from {{ ref('int_store_days') }}
),

outages as (
    select coalesce(sum(cast(business_seconds_lost as decimal(18, 6))), 0) * 1000000 as downtime_us
    from {{ ref('outages') }}
)

select
    timeline.business_us,
    timeline.downtime_us,
    days.business_us as business_us_of_days,
    days.downtime_us as downtime_us_of_days,
    outages.downtime_us as downtime_us_of_outages,
from timeline
cross join days
cross join outages
where
    {{ timeline_is_lost() }}
    or days.business_us <> timeline.business_us
    or days.downtime_us <> timeline.downtime_us
    or outages.downtime_us <> timeline.downtime_us
