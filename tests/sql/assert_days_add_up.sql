-- Days add up to the timeline, status by status, and outages to its downtime; also fails when it is empty.
with timeline as (
    select
        coalesce(sum(ended_us - started_us), 0) as business_us,
        coalesce(sum(ended_us - started_us) filter (where status = 'up'), 0) as uptime_us,
        coalesce(sum(ended_us - started_us) filter (where status = 'down'), 0) as downtime_us,
        coalesce(sum(ended_us - started_us) filter (where status = 'unknown'), 0) as unknown_us,
        coalesce(sum(ended_us - started_us) filter (where status = 'excluded'), 0) as excluded_us,
    from {{ ref('int_store_timeline') }}
),

days as (
    select
        coalesce(sum(business_us), 0) as business_us,
        coalesce(sum(uptime_us), 0) as uptime_us,
        coalesce(sum(downtime_us), 0) as downtime_us,
        coalesce(sum(unknown_us), 0) as unknown_us,
        coalesce(sum(excluded_us), 0) as excluded_us,
    from {{ ref('int_store_days') }}
),

outages as (
    select coalesce(sum(cast(business_seconds_lost as decimal(18, 6))), 0) * 1000000 as downtime_us
    from {{ ref('outages') }}
)

select
    timeline.business_us,
    timeline.uptime_us,
    timeline.downtime_us,
    timeline.unknown_us,
    timeline.excluded_us,
    days.business_us as business_us_of_days,
    days.uptime_us as uptime_us_of_days,
    days.downtime_us as downtime_us_of_days,
    days.unknown_us as unknown_us_of_days,
    days.excluded_us as excluded_us_of_days,
    outages.downtime_us as downtime_us_of_outages,
from timeline
cross join days
cross join outages
where
    {{ timeline_is_lost() }}
    or days.business_us <> timeline.business_us
    or days.uptime_us <> timeline.uptime_us
    or days.downtime_us <> timeline.downtime_us
    or days.unknown_us <> timeline.unknown_us
    or days.excluded_us <> timeline.excluded_us
    or outages.downtime_us <> timeline.downtime_us
