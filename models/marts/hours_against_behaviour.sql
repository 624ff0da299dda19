{{ config(materialized='view') }}

with timeline as (
    select * from {{ ref('int_store_timeline') }}
),

store_keys as (
    select * from {{ ref('int_store_keys') }}
),

numbered as (
    select
        *,
        coalesce(started_us > lag(ended_us) over by_time, true) as is_opening,
    from timeline
    window by_time as (partition by store_key order by started_us)
),

-- Parts that touch are of one business window.
parts as (
    select
        *,
        sum(cast(is_opening as integer)) over (
            partition by store_key
            order by started_us
            rows between unbounded preceding and current row
        ) as window_number,
    from numbered
),

windows as (
    select
        store_key,
        window_number,
        min(started_us) as opened_us,
        max(ended_us) as closed_us,
    from parts
    group by store_key, window_number
),

edges as (
    select
        parts.store_key,
        parts.window_number,
        sum(
            case
                when parts.status = 'down'
                    then greatest(
                            least(parts.ended_us, windows.opened_us + 3600000000) - parts.started_us, 0
                        )
                else 0
            end
        ) as first_down_us,
        sum(
            case
                when parts.status = 'down'
                    then greatest(
                            parts.ended_us - greatest(parts.started_us, windows.closed_us - 3600000000),
                            0
                        )
                else 0
            end
        ) as last_down_us,
    from parts
    inner join windows
        on parts.store_key = windows.store_key
        and parts.window_number = windows.window_number
    cross join {{ ref('int_horizon') }} as horizon
    where
        -- Shorter windows have no first and last hour that differ.
        windows.closed_us - windows.opened_us >= 7200000000
        -- When a window that the data cut opens or closes is not seen.
        and windows.opened_us > horizon.starts_us
        and windows.closed_us < horizon.as_of_us
    group by parts.store_key, parts.window_number
),

inside as (
    select
        store_key,
        count(*) as windows,
        count(*) filter (where first_down_us > 1800000000) as windows_first_hour_down,
        count(*) filter (where last_down_us > 1800000000) as windows_last_hour_down,
    from edges
    group by store_key
),

measured as (
    select
        store_keys.store_id,
        coalesce(inside.windows, 0) as windows,
        coalesce(inside.windows_first_hour_down, 0) as windows_first_hour_down,
        coalesce(inside.windows_last_hour_down, 0) as windows_last_hour_down,
        coalesce(confirmed.confirmed_us, 0) / 1000000.0e0 as closed_seconds_confirmed,
        coalesce(confirmed.active_us, 0) / 1000000.0e0 as closed_seconds_active,
    from store_keys
    left join inside on store_keys.store_key = inside.store_key
    left join {{ ref('int_confirmed_when_closed') }} as confirmed
        on store_keys.store_key = confirmed.store_key
)

select
    *,
    windows >= 3 and windows_first_hour_down >= 0.75 * windows as opens_later,
    windows >= 3 and windows_last_hour_down >= 0.75 * windows as closes_earlier,
    closed_seconds_confirmed >= 36000
    and closed_seconds_active >= 0.75 * closed_seconds_confirmed as is_active_when_closed,
from measured
