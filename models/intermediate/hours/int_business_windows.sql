{{ config(materialized='view') }}

with windows as (
    select * from {{ ref('int_utc_windows') }}
),

-- Exclusions may reach over centuries.
exclusions as (
    select
        schedules.schedule_key,
        greatest(exclusions.started_us, bounds.from_us) as started_us,
        least(exclusions.ended_us, bounds.until_us) as ended_us,
    from {{ ref('int_store_schedules') }} as schedules
    inner join {{ ref('int_exclusions') }} as exclusions on schedules.store_key = exclusions.store_key
    inner join {{ ref('int_windows_from') }} as bounds
        on exclusions.started_us < bounds.until_us and exclusions.ended_us > bounds.from_us
    where schedules.store_key = schedules.schedule_key
),

{{ by_week('windows') }},

{{ by_week('exclusions') }},

excluded as (
    select
        windows.schedule_key,
        windows.started_us as window_us,
        windows.ended_us as window_ended_us,
        greatest(windows.started_us, exclusions.started_us) as started_us,
        least(windows.ended_us, exclusions.ended_us) as ended_us,
    from windows_by_week as windows
    inner join exclusions_by_week as exclusions
        on windows.schedule_key = exclusions.schedule_key
        and windows.week = exclusions.week
        and windows.week = greatest(windows.first_week, exclusions.first_week)
        and windows.started_us < exclusions.ended_us
        and windows.ended_us > exclusions.started_us
),

cut as (
    select distinct schedule_key, window_us from excluded
),

-- What is left of those windows: before each exclusion, and after the last.
left_over as (
    select
        schedule_key,
        coalesce(
            lag(ended_us) over (partition by schedule_key, window_us order by started_us), window_us
        ) as started_us,
        started_us as ended_us,
    from excluded

    union all

    select
        schedule_key,
        max(ended_us) as started_us,
        max(window_ended_us) as ended_us,
    from excluded
    group by schedule_key, window_us
)

select windows.schedule_key, windows.started_us, windows.ended_us, false as is_excluded
from windows
left join cut
    on windows.schedule_key = cut.schedule_key
    and windows.started_us = cut.window_us
where cut.schedule_key is null

union all

select schedule_key, started_us, ended_us, false
from left_over
where started_us < ended_us

union all

select schedule_key, started_us, ended_us, true
from excluded
