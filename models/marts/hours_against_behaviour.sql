{{ config(materialized='view') }}

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
        store_id,
        count(*) filter (where is_first) as windows,
        count(*) filter (where is_first and is_polled) as windows_first_hour_polled,
        count(*) filter (where is_first and is_down) as windows_first_hour_down,
        count(*) filter (where not is_first and is_polled) as windows_last_hour_polled,
        count(*) filter (where not is_first and is_down) as windows_last_hour_down,
    from edge_hours
    group by store_id
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
    left join counted on store_keys.store_id = counted.store_id
    left join {{ ref('int_confirmed_when_closed') }} as confirmed on store_keys.store_id = confirmed.store_id
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
