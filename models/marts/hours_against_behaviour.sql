{{ config(materialized='view') }}

with store_keys as (
    select * from {{ ref('int_store_keys') }}
),

-- The id is there from the start, so that a question about one store looks at its rows only.
timeline as (
    select
        store_keys.store_id,
        timeline.started_us,
        timeline.ended_us,
        timeline.status,
    from {{ ref('int_store_timeline') }} as timeline
    inner join store_keys on timeline.store_key = store_keys.store_key
),

-- Parts that touch are of one business window.
parts as (
    select
        *,
        coalesce(started_us > lag(ended_us) over by_time, true) as is_opening,
        coalesce(ended_us < lead(started_us) over by_time, true) as is_closing,
    from timeline
    window by_time as (partition by store_id order by started_us)
),

parts_of_windows as (
    select
        store_id,
        started_us,
        ended_us,
        status,
        last_value(case when is_opening then started_us end ignore nulls) over (
            by_time rows between unbounded preceding and current row
        ) as opened_us,
        first_value(case when is_closing then ended_us end ignore nulls) over (
            by_time rows between current row and unbounded following
        ) as closed_us,
    from parts
    window by_time as (partition by store_id order by started_us)
),

edges as (
    select
        parts.store_id,
        parts.opened_us,
        parts.closed_us - 3600000000 as last_hour_us,
        sum(
            greatest(least(parts.ended_us, parts.opened_us + 3600000000) - parts.started_us, 0)
        ) filter (where parts.status = 'down') as first_down_us,
        sum(
            greatest(parts.ended_us - greatest(parts.started_us, parts.closed_us - 3600000000), 0)
        ) filter (where parts.status = 'down') as last_down_us,
    from parts_of_windows as parts
    cross join {{ ref('int_horizon') }} as horizon
    where
        -- Shorter windows have no first and last hour that differ.
        parts.closed_us - parts.opened_us >= 7200000000
        -- When a window that the data cut opens or closes is not seen.
        and parts.opened_us > horizon.starts_us
        and parts.closed_us < horizon.as_of_us
    group by parts.store_id, parts.opened_us, parts.closed_us
    -- A store that is down all day does not open late.
    having bool_or(parts.status = 'up')
),

first_and_last_hours as (
    select
        edges.store_id,
        unnest([true, false]) as is_first,
        unnest([opened_us, last_hour_us]) as hour_us,
        unnest([first_down_us, last_down_us]) as down_us,
    from edges
),

-- A status that holds from before the hour until after it says nothing of the hour itself.
hours_seen_down as (
    select
        hours.store_id,
        hours.is_first,
        hours.hour_us,
    from first_and_last_hours as hours
    inner join store_keys on hours.store_id = store_keys.store_id
    inner join {{ ref('int_status_runs') }} as runs
        on store_keys.store_key = runs.store_key
        and hours.hour_us + 3600000000 > runs.started_us
        and hours.hour_us <= runs.last_polled_us
    where hours.down_us > 1800000000 and not runs.is_active
    group by hours.store_id, hours.is_first, hours.hour_us
),

seen_down as (
    select
        store_id,
        count(*) filter (where is_first) as windows_first_hour_down,
        count(*) filter (where not is_first) as windows_last_hour_down,
    from hours_seen_down
    group by store_id
),

windows as (
    select
        store_id,
        count(*) as windows,
    from edges
    group by store_id
),

measured as (
    select
        store_keys.store_id,
        coalesce(windows.windows, 0) as windows,
        coalesce(seen_down.windows_first_hour_down, 0) as windows_first_hour_down,
        coalesce(seen_down.windows_last_hour_down, 0) as windows_last_hour_down,
        coalesce(confirmed.confirmed_us, 0) / 1000000.0e0 as closed_seconds_confirmed,
        coalesce(confirmed.active_us, 0) / 1000000.0e0 as closed_seconds_active,
    from store_keys
    left join windows on store_keys.store_id = windows.store_id
    left join seen_down on store_keys.store_id = seen_down.store_id
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
