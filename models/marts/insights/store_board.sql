with current_status as (
    select * from {{ ref('current_status') }}
),

store_keys as (
    select * from {{ ref('int_store_keys') }}
),

schedules as (
    select * from {{ ref('int_store_schedules') }}
),

attributes as (
    select * from {{ ref('int_store_attributes') }}
    where rejected_as is null
),

status_runs as (
    select * from {{ ref('int_status_runs') }}
),

next_hours as (
    select * from {{ ref('int_next_hours') }}
),

days as (
    select * from {{ ref('period_uptime') }}
    where period = 'last_day'
),

weeks as (
    select
        *,
        sum(cast(downtime_seconds as decimal(18, 6))) over () as downtime_seconds_of_all,
    from {{ ref('period_uptime') }}
    where period = 'last_week'
),

weeks_before as (
    select
        sums.store_key,
        {{ figures('sums') }},
    from {{ ref('int_week_before') }} as sums
),

-- Where polls are missing, several runs in a row say the same.
last_runs as (
    select
        store_key,
        max(started_us) filter (where is_active) as active_us,
        max(started_us) filter (where not is_active) as inactive_us,
    from status_runs
    group by store_key
),

polls_in_status as (
    select
        status_runs.store_key,
        cast(sum(status_runs.polls) as bigint) as polls,
    from status_runs
    inner join last_runs on status_runs.store_key = last_runs.store_key
    where
        last_runs.active_us is null
        or last_runs.inactive_us is null
        or status_runs.started_us > least(last_runs.active_us, last_runs.inactive_us)
    group by status_runs.store_key
),

figured as (
    select
        current_status.*,
        schedules.timezone,
        epoch_us(current_status.as_of) - epoch_us(current_status.since_at) as in_status_us,
        coalesce(polls_in_status.polls, 0) as polls_in_status,
        next_hours.closes_us,
        next_hours.closes_local_us,
        next_hours.opens_us,
        next_hours.opens_local_us,
        epoch_us(current_status.as_of) - epoch_us(current_status.last_polled_at) as silent_us,
        attributes.attributes,
        weeks_before.uptime_ratio as week_before_uptime_ratio,
        weeks_before.coverage_ratio as week_before_confirmed_ratio,
    from current_status
    inner join store_keys on current_status.store_id = store_keys.store_id
    inner join schedules on store_keys.store_key = schedules.store_key
    left join polls_in_status on store_keys.store_key = polls_in_status.store_key
    left join next_hours on store_keys.store_key = next_hours.store_key
    left join weeks_before on store_keys.store_key = weeks_before.store_key
    left join attributes on current_status.store_id = attributes.store_id
)

select
    figured.store_id,
    figured.timezone,
    figured.current_status,
    figured.urgency,
    figured.since_at,
    figured.as_of,
    figured.in_status_us / 1000000.0e0 as seconds_in_status,
    figured.polls_in_status,
    {{ timestamp_utc('figured.closes_us') }} as closes_at,
    {{ time_of_day('figured.closes_local_us') }} as closes_at_local,
    {{ timestamp_utc('figured.opens_us') }} as opens_at,
    {{ time_of_day('figured.opens_local_us') }} as opens_at_local,
    figured.last_polled_at,
    figured.last_status,
    figured.usual_gap_seconds,
    figured.silent_us / 1000000.0e0 as silent_seconds,
    days.downtime_seconds as day_downtime_seconds,
    days.business_seconds as day_business_seconds,
    days.unknown_seconds as day_unknown_seconds,
    weeks.uptime_seconds as week_uptime_seconds,
    weeks.downtime_seconds as week_downtime_seconds,
    weeks.unknown_seconds as week_unknown_seconds,
    weeks.excluded_seconds as week_excluded_seconds,
    weeks.business_seconds as week_business_seconds,
    weeks.uptime_ratio as week_uptime_ratio,
    weeks.least_uptime_ratio as week_least_uptime_ratio,
    weeks.most_uptime_ratio as week_most_uptime_ratio,
    weeks.coverage_ratio as week_confirmed_ratio,
    weeks.is_enough as week_is_enough,
    {{ ratio('weeks.downtime_seconds', 'weeks.downtime_seconds_of_all') }} as week_downtime_share,
    figured.week_before_uptime_ratio,
    figured.week_before_confirmed_ratio,
    {{ is_enough('figured.week_before_confirmed_ratio') }} as week_before_is_enough,
    figured.attributes,
from figured
inner join days on figured.store_id = days.store_id
inner join weeks on figured.store_id = weeks.store_id
