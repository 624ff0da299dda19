{{ config(materialized='view') }}

-- Doubles, as DuckDB adds them up in half the time.
with parts as (
    select
        parts.*,
        cast(greatest(least(parts.ended_us, parts.opened_us + 3600000000) - parts.started_us, 0) as double)
            as first_us,
        cast(greatest(parts.ended_us - greatest(parts.started_us, parts.closed_us - 3600000000), 0) as double)
            as last_us,
    from {{ ref('int_window_parts') }} as parts
    cross join {{ ref('int_horizon') }} as horizon
    where
        -- Shorter windows have no first and last hour that differ.
        parts.closed_us - parts.opened_us >= 7200000000
        -- When a window that the data cut opens or closes is not seen.
        and parts.opened_us > horizon.starts_us
        and parts.closed_us < horizon.as_of_us
),

windows as (
    select
        store_key,
        opened_us,
        closed_us - 3600000000 as last_hour_us,
        sum(first_us) filter (where status = 'down') as first_down_us,
        sum(first_us) filter (where status = 'up' and is_confirmed) as first_seen_up_us,
        sum(first_us) filter (where status = 'down' and is_confirmed) as first_seen_down_us,
        sum(last_us) filter (where status = 'down') as last_down_us,
        sum(last_us) filter (where status = 'up' and is_confirmed) as last_seen_up_us,
        sum(last_us) filter (where status = 'down' and is_confirmed) as last_seen_down_us,
    from parts
    group by store_key, opened_us, closed_us
    -- A store that is down all day does not open late.
    having bool_or(status = 'up')
),

ends as (
    select unnest([true, false]) as is_first
),

hours as (
    select
        windows.store_key,
        ends.is_first,
        case when ends.is_first then windows.opened_us else windows.last_hour_us end as started_us,
        cast(coalesce(
            case when ends.is_first then windows.first_down_us else windows.last_down_us end, 0
        ) as bigint) as down_us,
        coalesce(
            case when ends.is_first then windows.first_seen_up_us else windows.last_seen_up_us end, 0
        ) as seen_up_us,
        coalesce(
            case when ends.is_first then windows.first_seen_down_us else windows.last_seen_down_us end, 0
        ) as seen_down_us,
    from windows
    cross join ends
),

-- Polls that agree tell most hours whole. Of the others the runs say which polls are in them; an
-- hour comes before the runs that begin when it ends.
hours_and_runs as (
    select
        store_key,
        is_first,
        started_us,
        down_us,
        started_us + 3600000000 as at_us,
        cast(null as bigint) as active_until_us,
        cast(null as bigint) as inactive_until_us,
    from hours
    where seen_up_us + seen_down_us < 3600000000

    union all

    select
        runs.store_key,
        null,
        null,
        null,
        runs.started_us,
        case when runs.is_active then {{ confirmed_until_us('runs') }} end,
        case when not runs.is_active then {{ confirmed_until_us('runs') }} end,
    from {{ ref('int_status_runs') }} as runs
),

hours_with_runs as (
    select
        store_key,
        is_first,
        started_us,
        down_us,
        coalesce(last_value(active_until_us ignore nulls) over by_time >= started_us, false)
            as is_seen_active,
        coalesce(last_value(inactive_until_us ignore nulls) over by_time >= started_us, false)
            as is_seen_inactive,
    from hours_and_runs
    window by_time as (
        partition by store_key order by at_us asc, started_us asc nulls last
        rows between unbounded preceding and current row
    )
)

select *
from hours_with_runs
where started_us is not null

union all

select
    store_key,
    is_first,
    started_us,
    down_us,
    seen_up_us > 0,
    seen_down_us > 0,
from hours
where seen_up_us + seen_down_us >= 3600000000
