-- However a window is split, each figure of its parts adds up to that of the whole, for every store: here
-- the last week, which the report tells, in three parts split at instants that are nobody's. Also fails
-- when there is nothing.
with first_part as (
    {{ figures_between(
        '(select as_of_us - 604800000000 from ' ~ ref('int_horizon') ~ ')',
        '(select as_of_us - 271828182845 from ' ~ ref('int_horizon') ~ ')'
    ) }}
),

second_part as (
    {{ figures_between(
        '(select as_of_us - 271828182845 from ' ~ ref('int_horizon') ~ ')',
        '(select as_of_us - 31415926535 from ' ~ ref('int_horizon') ~ ')'
    ) }}
),

third_part as (
    {{ figures_between(
        '(select as_of_us - 31415926535 from ' ~ ref('int_horizon') ~ ')',
        '(select as_of_us from ' ~ ref('int_horizon') ~ ')'
    ) }}
),

weeks as (
    select * from {{ ref('period_uptime') }}
    where period = 'last_week'
),

parts as (
    {% for part, times in [('first_part', 1), ('second_part', 1), ('third_part', 1), ('weeks', -1)] -%}
    select
        store_id,
        {{ times }} as times,
        business_seconds,
        uptime_seconds,
        downtime_seconds,
        unknown_seconds,
        excluded_seconds,
        confirmed_seconds,
        uptime_seconds_min,
        uptime_seconds_max,
    from {{ part }}
    {{ 'union all' if not loop.last }}
    {% endfor -%}
),

summed as (
    select
        store_id,
        sum(times * cast(business_seconds as decimal(18, 6))) as business_seconds,
        sum(times * cast(uptime_seconds as decimal(18, 6))) as uptime_seconds,
        sum(times * cast(downtime_seconds as decimal(18, 6))) as downtime_seconds,
        sum(times * cast(unknown_seconds as decimal(18, 6))) as unknown_seconds,
        sum(times * cast(excluded_seconds as decimal(18, 6))) as excluded_seconds,
        sum(times * cast(confirmed_seconds as decimal(18, 6))) as confirmed_seconds,
        sum(times * cast(uptime_seconds_min as decimal(18, 6))) as uptime_seconds_min,
        sum(times * cast(uptime_seconds_max as decimal(18, 6))) as uptime_seconds_max,
    from parts
    group by store_id
)

select 'does not add up' as failure, store_id
from summed
where
    business_seconds <> 0
    or uptime_seconds <> 0
    or downtime_seconds <> 0
    or unknown_seconds <> 0
    or excluded_seconds <> 0
    or confirmed_seconds <> 0
    or uptime_seconds_min <> 0
    or uptime_seconds_max <> 0

union all

select 'no rows' as failure, null
where {{ timeline_is_lost() }}
