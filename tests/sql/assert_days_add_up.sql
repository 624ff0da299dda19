-- Days add up to the timeline, status by status, and outages to its downtime; also fails when it is empty.
-- Each store's time has a weight, none of them 0, so that what one store lost to another does not add up.
{%- set weight = 'cast(1 + hash(store_key) % 1000 as bigint)' %}
with timeline as (
    select
        status,
        ended_us - started_us as length_us,
        (ended_us - started_us) * {{ weight }} as weighted_us,
    from {{ ref('int_store_timeline') }}
),

days as (
    select
        *,
        business_us * {{ weight }} as weighted_us,
    from {{ ref('int_store_days') }}
),

sums_of_timeline as (
    select
        coalesce(sum(length_us) filter (where status = 'up'), 0) as uptime_us,
        coalesce(sum(length_us) filter (where status = 'down'), 0) as downtime_us,
        coalesce(sum(length_us) filter (where status = 'unknown'), 0) as unknown_us,
        coalesce(sum(length_us) filter (where status = 'excluded'), 0) as excluded_us,
        coalesce(sum(weighted_us), 0) as weighted_us,
        coalesce(sum(weighted_us) filter (where status = 'down'), 0) as weighted_downtime_us,
    from timeline
),

sums_of_days as (
    select
        coalesce(sum(uptime_us), 0) as uptime_us,
        coalesce(sum(downtime_us), 0) as downtime_us,
        coalesce(sum(unknown_us), 0) as unknown_us,
        coalesce(sum(excluded_us), 0) as excluded_us,
        coalesce(sum(weighted_us), 0) as weighted_us,
    from days
),

sums_of_outages as (
    select
        coalesce(sum(downtime_us * {{ weight }}), 0) as weighted_downtime_us,
    from {{ ref('int_outages') }}
)

select
    timeline.*,
    days.uptime_us as uptime_us_of_days,
    days.downtime_us as downtime_us_of_days,
    days.unknown_us as unknown_us_of_days,
    days.excluded_us as excluded_us_of_days,
    days.weighted_us as weighted_us_of_days,
    outages.weighted_downtime_us as weighted_downtime_us_of_outages,
from sums_of_timeline as timeline
cross join sums_of_days as days
cross join sums_of_outages as outages
where
    {{ timeline_is_lost() }}
    or days.uptime_us <> timeline.uptime_us
    or days.downtime_us <> timeline.downtime_us
    or days.unknown_us <> timeline.unknown_us
    or days.excluded_us <> timeline.excluded_us
    or days.weighted_us <> timeline.weighted_us
    or outages.weighted_downtime_us <> timeline.weighted_downtime_us
