with local_windows as (
    select * from {{ ref('int_local_windows') }}
),

horizon as (
    select * from {{ ref('int_horizon') }}
),

timezone_offsets as (
    select timezone_offsets.*
    from {{ ref('stg_timezone_offsets') }} as timezone_offsets
    inner join horizon
        on timezone_offsets.valid_until_us > horizon.starts_us
        and timezone_offsets.valid_from_us < horizon.ahead_until_us
),

changes as (
    select * from {{ ref('int_changes') }}
),

-- Open is when the clock shows a time inside the hours: each stretch of constant offset takes its
-- part of a window, so a skipped hour is in none and a repeated one in two.
utc_windows as (
    select
        windows.store_key,
        windows.changed_us,
        greatest(
            windows.opens_us - offsets.utc_offset_us, offsets.valid_from_us, horizon.starts_us
        ) as started_us,
        least(
            windows.closes_us - offsets.utc_offset_us, offsets.valid_until_us, horizon.ahead_until_us
        ) as ended_us,
        windows.may_touch
        or started_us = offsets.valid_from_us
        or ended_us = offsets.valid_until_us as may_touch,
    from local_windows as windows
    inner join timezone_offsets as offsets
        on windows.timezone = offsets.timezone
        and windows.opens_us < offsets.valid_until_us + offsets.utc_offset_us
        and windows.closes_us > offsets.valid_from_us + offsets.utc_offset_us
    cross join horizon
    where started_us < ended_us
),

-- Where the offset changes, one window can touch another, too.
touching as (
    select store_key, started_us, ended_us
    from utc_windows
    where may_touch
),

{{ merged('touching', 'started_us', 'ended_us') }},

windows as (
    select store_key, started_us, ended_us
    from utc_windows
    where not may_touch and ended_us >= changed_us

    union all

    select touching_merged.store_key, touching_merged.started_us, touching_merged.ended_us
    from touching_merged
    inner join changes
        on touching_merged.store_key = changes.store_key
        and touching_merged.ended_us >= changes.changed_us

    union all

    select schedules.store_key, horizon.starts_us, horizon.ahead_until_us
    from {{ ref('int_schedules') }} as schedules
    inner join changes on schedules.store_key = changes.store_key
    cross join horizon
    where schedules.is_one_window
)

select
    store_key,
    started_us,
    ended_us,
from windows
