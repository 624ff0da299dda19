with timeline as (
    select * from {{ ref('int_store_timeline') }}
    where status = 'down'
),

up_runs as (
    select * from {{ ref('int_status_runs') }}
    where is_active
),

inactive_runs as (
    select * from {{ ref('int_inactive_runs') }}
),

horizon as (
    select * from {{ ref('int_horizon') }}
),

store_keys as (
    select * from {{ ref('int_store_keys') }}
),

-- A run of active polls ends an outage, also one in closed hours, which the timeline does not show.
events as (
    select
        store_key,
        started_us,
        cast(null as bigint) as ended_us,
        last_polled_us as last_seen_up_us,
        next_started_us as first_seen_down_us,
        0 as polls,
        true as is_up,
        false as is_down,
    from up_runs

    union all

    select store_key, started_us, ended_us, null, null, 0, false, true
    from timeline

    union all

    select store_key, started_us, null, null, null, polls, false, false
    from inactive_runs
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
        cast(sum(polls) as bigint) as polls,
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
    store_keys.store_id,
    {{ timestamp_utc('stretches.started_us') }} as started_at,
    case
        when seen_up_again.started_us is not null then {{ timestamp_utc('stretches.ended_us') }}
    end as ended_at,
    {{ timestamp_utc('stretches.last_seen_up_us') }} as last_seen_up_at,
    {{ timestamp_utc('stretches.first_seen_down_us') }} as first_seen_down_at,
    {{ timestamp_utc('seen_up_again.started_us') }} as first_seen_up_at,
    stretches.downtime_us / 1000000.0e0 as business_seconds_lost,
    (
        case when seen_up_again.started_us is null then horizon.as_of_us else stretches.ended_us end
        - stretches.started_us
    ) / 1000000.0e0 as wall_seconds,
    stretches.polls,
    stretches.last_seen_up_us is null as is_start_cut,
    seen_up_again.started_us is null as is_end_cut,
from stretches
inner join store_keys on stretches.store_key = store_keys.store_key
cross join horizon
left join seen_up_again
    on stretches.store_key = seen_up_again.store_key
    and stretches.up_runs_before = seen_up_again.up_runs_before
