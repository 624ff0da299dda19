{{ config(materialized='view') }}

with timeline as (
    select * from {{ ref('int_store_timeline') }}
),

horizon as (
    select * from {{ ref('int_horizon') }}
),

exclusions as (
    select * from {{ ref('int_exclusions') }}
),

confirmed as (
    select
        runs.store_key,
        runs.is_active,
        runs.started_us,
        least({{ confirmed_until_us('runs') }}, horizon.as_of_us) as ended_us,
    from {{ ref('int_status_runs') }} as runs
    cross join horizon
),

-- Excluded time is business time, but not confirmed in the timeline.
excluded as (
    select
        timeline.store_key,
        greatest(timeline.started_us, exclusions.started_us) as started_us,
        least(timeline.ended_us, exclusions.ended_us) as ended_us,
    from timeline
    inner join exclusions
        on timeline.store_key = exclusions.store_key
        and timeline.started_us < exclusions.ended_us
        and timeline.ended_us > exclusions.started_us
),

lengths as (
    select store_key, is_active, ended_us - started_us as length_us
    from confirmed
    where started_us < ended_us

    union all

    select store_key, status = 'up', started_us - ended_us
    from timeline
    where is_confirmed

    union all

    select
        confirmed.store_key,
        confirmed.is_active,
        greatest(confirmed.started_us, excluded.started_us)
        - least(confirmed.ended_us, excluded.ended_us),
    from confirmed
    inner join excluded
        on confirmed.store_key = excluded.store_key
        and confirmed.started_us < excluded.ended_us
        and confirmed.ended_us > excluded.started_us
)

select
    store_key,
    coalesce(sum(length_us) filter (where is_active), 0) as active_us,
    sum(length_us) as confirmed_us,
from lengths
group by store_key
