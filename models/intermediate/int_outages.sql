{{ config(
    materialized='incremental',
    incremental_strategy='replace_where',
    incremental_predicates=[
        "not exists (
            select 1
            from intermediate.int_changes as changes
            where changes.store_key = target.store_key
                and target.first_seen_up_us < changes.changed_us
        )",
    ],
) }}

with timeline as (
    select * from {{ ref('int_store_timeline') }}
    where status = 'down'
),

runs as (
    select * from {{ ref('int_status_runs') }}
),

-- What comes before the last run of active polls that began before the change stays.
restarts as (
    select
        changes.store_key,
        coalesce(max(runs.started_us), 0) as from_us,
    from {{ ref('int_changes') }} as changes
    left join runs
        on changes.store_key = runs.store_key
        and changes.changed_us > runs.started_us
        and runs.is_active
    group by changes.store_key
),

-- A run of active polls ends an outage, also one in closed hours, which the timeline does not show.
events as (
    select
        runs.store_key,
        runs.started_us,
        cast(null as bigint) as ended_us,
        case when runs.is_active then runs.last_polled_us end as last_seen_up_us,
        case when runs.is_active then runs.next_started_us end as first_seen_down_us,
        case when runs.is_active then 0 else runs.polls end as polls,
        runs.is_active as is_up,
        false as is_down,
    from runs
    inner join restarts
        on runs.store_key = restarts.store_key
        and runs.started_us >= restarts.from_us

    union all

    select timeline.store_key, timeline.started_us, timeline.ended_us, null, null, 0, false, true
    from timeline
    inner join restarts
        on timeline.store_key = restarts.store_key
        and timeline.started_us >= restarts.from_us
),

numbered as (
    select
        *,
        count(*) filter (where is_up) over by_time as up_runs_before,
        max(last_seen_up_us) over by_time as seen_up_us,
        max(first_seen_down_us) over by_time as seen_down_us,
    from events
    window by_time as (
        partition by store_key
        order by started_us asc
        rows between unbounded preceding and current row
    )
),

stretches as (
    select
        store_key,
        up_runs_before,
        min(started_us) filter (where is_down) as started_us,
        max(ended_us) as ended_us,
        sum(ended_us - started_us) as downtime_us,
        max(seen_up_us) as last_seen_up_us,
        max(seen_down_us) as first_seen_down_us,
        sum(polls) as polls,
    from numbered
    where not is_up
    group by store_key, up_runs_before
    having bool_or(is_down)
),

seen_up_again as (
    select
        store_key,
        up_runs_before - 1 as up_runs_before,
        started_us,
    from numbered
    where is_up
)

select
    stretches.store_key,
    stretches.started_us,
    stretches.ended_us,
    cast(stretches.downtime_us as bigint) as downtime_us,
    stretches.last_seen_up_us,
    stretches.first_seen_down_us,
    seen_up_again.started_us as first_seen_up_us,
    cast(stretches.polls as bigint) as polls,
from stretches
left join seen_up_again
    on stretches.store_key = seen_up_again.store_key
    and stretches.up_runs_before = seen_up_again.up_runs_before
