{{ config(materialized='view') }}

with dirty_stores as (
    select * from {{ ref('int_dirty_stores') }}
    where reader = 'int_store_timeline'
),

horizon as (
    select * from {{ ref('int_horizon') }}
),

-- A run that was over before is in the timeline as it should be.
runs as (
    select runs.*
    from {{ ref('int_status_runs') }} as runs
    inner join dirty_stores on runs.store_key = dirty_stores.store_key
    where coalesce(runs.next_started_us >= dirty_stores.from_us, true)
),

-- How far each run reaches: polls that agree confirm it, after its last poll it is held.
reaches as (
    select
        runs.store_key,
        {{ up_or_down('runs.is_active') }} as status,
        runs.started_us,
        {{ confirmed_until_us('runs') }} as confirmed_until_us,
        least(
            coalesce(runs.next_started_us, horizon.ahead_until_us),
            runs.last_polled_us + {{ max_poll_gap_us() }}
        ) as held_until_us,
        coalesce(runs.next_started_us, horizon.ahead_until_us) as ended_us,
        runs.is_first,
        {{ status_before_first_poll('runs.is_active') }} as status_before,
        runs.started_us - {{ reach_before_first_poll_us() }} as assumed_from_us,
        horizon.starts_us,
    from runs
    cross join horizon
),

-- A first poll that nothing confirms and the time before it are one stretch if they agree.
marked as (
    select
        *,
        is_first and status_before = status and confirmed_until_us = started_us as is_one_stretch,
    from reaches
),

stretches as (
    select
        store_key,
        starts_us as started_us,
        assumed_from_us as ended_us,
        'unknown' as status,
        false as is_confirmed,
    from marked
    where is_first and status_before <> 'unknown'

    union all

    select
        store_key,
        case when status_before = 'unknown' then starts_us else assumed_from_us end,
        started_us,
        status_before,
        false,
    from marked
    where is_first and not is_one_stretch

    union all

    select store_key, started_us, confirmed_until_us, status, true
    from marked

    union all

    select
        store_key,
        case when is_one_stretch then assumed_from_us else confirmed_until_us end,
        held_until_us,
        status,
        false,
    from marked

    union all

    select store_key, held_until_us, ended_us, 'unknown', false
    from marked

    union all

    select
        dirty_stores.store_key,
        horizon.starts_us,
        horizon.ahead_until_us,
        {{ status_when_never_polled() }},
        false,
    from dirty_stores
    cross join horizon
    where dirty_stores.store_key not in (select store_key from runs)
),

clipped as (
    select
        stretches.store_key,
        greatest(stretches.started_us, horizon.starts_us) as started_us,
        least(stretches.ended_us, horizon.ahead_until_us) as ended_us,
        cast(stretches.status as {{ status_type() }}) as status,
        stretches.is_confirmed,
    from stretches
    cross join horizon
)

select * from clipped
where started_us < ended_us
