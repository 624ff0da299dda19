-- A status that holds from before the hour until after it says nothing of the hour itself.
with edge_hours as (
    select
        *,
        is_seen_active or is_seen_inactive as is_polled,
        is_seen_inactive and (not is_seen_active or down_us > 1800000000) as is_down,
    from {{ ref('int_edge_hours') }}
),

counted as (
    select
        store_key,
        count(*) filter (where is_first) as windows,
        count(*) filter (where is_first and is_polled) as windows_first_hour_polled,
        count(*) filter (where is_first and is_down) as windows_first_hour_down,
        count(*) filter (where not is_first and is_polled) as windows_last_hour_polled,
        count(*) filter (where not is_first and is_down) as windows_last_hour_down,
    from edge_hours
    group by store_key
),

week as (
    select
        as_of_us - 604800000000 as starts_us,
        as_of_us,
    from {{ ref('int_horizon') }}
),

-- These runs end where polls are missing, such as by night: who was not asked was not seen active.
runs as (
    select
        runs.store_key,
        runs.is_active,
        greatest(runs.started_us, week.starts_us) as started_us,
        least(runs.last_polled_us, week.as_of_us) as ended_us,
    from {{ ref('int_recent_runs') }} as runs
    inner join week
        on runs.last_polled_us > week.starts_us
        and runs.started_us < runs.last_polled_us
),

lengths as (
    select store_key, is_active, ended_us - started_us as length_us
    from runs

    union all

    select
        runs.store_key,
        runs.is_active,
        greatest(runs.started_us, open_time.started_us) - least(runs.ended_us, open_time.ended_us),
    from runs
    inner join {{ ref('int_recent_open_time') }} as open_time
        on runs.store_key = open_time.store_key
        and runs.started_us < open_time.ended_us
        and runs.ended_us > open_time.started_us
),

confirmed_when_closed as (
    select
        store_key,
        sum(length_us) filter (where is_active) as active_us,
        sum(length_us) as confirmed_us,
    from lengths
    group by store_key
),

measured as (
    select
        store_keys.store_id,
        coalesce(counted.windows, 0) as windows,
        coalesce(counted.windows_first_hour_polled, 0) as windows_first_hour_polled,
        coalesce(counted.windows_first_hour_down, 0) as windows_first_hour_down,
        coalesce(counted.windows_last_hour_polled, 0) as windows_last_hour_polled,
        coalesce(counted.windows_last_hour_down, 0) as windows_last_hour_down,
        coalesce(confirmed.confirmed_us, 0) / 1000000.0e0 as closed_seconds_confirmed,
        coalesce(confirmed.active_us, 0) / 1000000.0e0 as closed_seconds_active,
    from {{ ref('int_store_keys') }} as store_keys
    left join counted on store_keys.store_key = counted.store_key
    left join confirmed_when_closed as confirmed on store_keys.store_key = confirmed.store_key
)

select
    *,
    windows_first_hour_polled >= 3
    and windows_first_hour_down >= 0.75 * windows_first_hour_polled as opens_later,
    windows_last_hour_polled >= 3
    and windows_last_hour_down >= 0.75 * windows_last_hour_polled as closes_earlier,
    closed_seconds_confirmed >= 36000
    and closed_seconds_active >= 0.75 * closed_seconds_confirmed as is_active_when_closed,
from measured
