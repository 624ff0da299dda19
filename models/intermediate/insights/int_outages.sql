with timeline as (
    select * from {{ ref('int_store_timeline') }}
    where status = 'down'
),

runs as (
    select * from {{ ref('int_status_runs') }}
),

-- A run of active polls ends an outage, also one in closed hours, which the timeline does not show.
up_runs as (
    select
        store_key,
        started_us,
        last_polled_us,
        next_started_us,
        lag(started_us) over (partition by store_key order by started_us) as previous_us,
    from runs
    where is_active
),

events as (
    select
        store_key,
        started_us,
        cast(null as bigint) as ended_us,
        case when is_active then started_us end as up_run_us,
        case when is_active then 0 else polls end as polls,
    from runs

    union all

    select store_key, started_us, ended_us, null, 0
    from timeline
),

-- Not max(), which takes DuckDB minutes for a store with millions of runs.
by_up_run as (
    select
        store_key,
        started_us,
        ended_us,
        polls,
        last_value(up_run_us ignore nulls) over (
            partition by store_key order by started_us
            rows between unbounded preceding and current row
        ) as up_run_us,
    from events
),

stretches as (
    select
        store_key,
        up_run_us,
        min(started_us) filter (where ended_us is not null) as started_us,
        max(ended_us) as ended_us,
        cast(sum(ended_us - started_us) as bigint) as downtime_us,
        cast(sum(polls) as bigint) as polls,
    from by_up_run
    group by store_key, up_run_us
    having max(ended_us) is not null
)

select
    stretches.store_key,
    stretches.started_us,
    stretches.ended_us,
    stretches.downtime_us,
    before.last_polled_us as last_seen_up_us,
    before.next_started_us as first_seen_down_us,
    behind.started_us as first_seen_up_us,
    stretches.polls,
from stretches
left join up_runs as before
    on stretches.store_key = before.store_key
    and stretches.up_run_us = before.started_us
left join up_runs as behind
    on stretches.store_key = behind.store_key
    and stretches.up_run_us is not distinct from behind.previous_us
