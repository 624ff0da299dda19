{{ config(materialized='view') }}

with windows as (
    select * from {{ ref('int_business_windows') }}
),

-- Exclusions may reach over centuries.
exclusions as (
    select
        exclusions.store_key,
        greatest(exclusions.started_us, horizon.starts_us) as started_us,
        least(exclusions.ended_us, horizon.ahead_until_us) as ended_us,
    from {{ ref('int_exclusions') }} as exclusions
    cross join {{ ref('int_horizon') }} as horizon
),

{{ by_week('windows') }},

{{ by_week('exclusions') }},

excluded as (
    select
        windows.store_key,
        windows.started_us as window_us,
        windows.ended_us as window_ended_us,
        greatest(windows.started_us, exclusions.started_us) as started_us,
        least(windows.ended_us, exclusions.ended_us) as ended_us,
    from windows_by_week as windows
    inner join exclusions_by_week as exclusions
        on windows.store_key = exclusions.store_key
        and windows.week = exclusions.week
        and windows.week = greatest(windows.first_week, exclusions.first_week)
        and windows.started_us < exclusions.ended_us
        and windows.ended_us > exclusions.started_us
),

cut as (
    select distinct store_key, window_us from excluded
),

-- What is left of those windows: before each exclusion, and after the last.
left_over as (
    select
        store_key,
        coalesce(
            lag(ended_us) over (partition by store_key, window_us order by started_us), window_us
        ) as started_us,
        started_us as ended_us,
    from excluded

    union all

    select
        store_key,
        max(ended_us) as started_us,
        max(window_ended_us) as ended_us,
    from excluded
    group by store_key, window_us
)

select windows.store_key, windows.started_us, windows.ended_us, false as is_excluded
from windows
left join cut
    on windows.store_key = cut.store_key
    and windows.started_us = cut.window_us
where cut.store_key is null

union all

select store_key, started_us, ended_us, false
from left_over
where started_us < ended_us

union all

select store_key, started_us, ended_us, true
from excluded
