with store_keys as (
    select * from {{ ref('int_store_keys') }}
),

horizon as (
    select * from {{ ref('int_horizon') }}
),

polls_in_period as (
    select * from {{ ref('int_period_polls') }}
),

periods as (
    {{ periods_until('(select as_of_us from horizon)', ref('stg_periods')) }}
),

timeline as (
    select * from {{ ref('int_store_timeline') }}
    where ended_us > (select min(started_us) from periods)
),

clipped as (
    select
        timeline.store_key,
        periods.period,
        timeline.status,
        timeline.is_confirmed,
        least(timeline.ended_us, periods.ended_us)
        - greatest(timeline.started_us, periods.started_us) as length_us,
    from timeline
    inner join periods
        on timeline.started_us < periods.ended_us
        and timeline.ended_us > periods.started_us
),

summed as (
    select
        store_key,
        period,
        {{ sums_of_time() }},
    from clipped
    group by store_key, period
)

select
    store_keys.store_id,
    periods.period,
    {{ timestamp_utc('periods.started_us') }} as started_at,
    {{ timestamp_utc('periods.ended_us') }} as ended_at,
    {{ figures('summed') }},
    coalesce(polls_in_period.polls, 0) as polls,
    {{ ratio_bounds('summed') }},
    {{ is_enough('coverage_ratio') }} as is_enough,
from store_keys
cross join periods
left join summed
    on store_keys.store_key = summed.store_key
    and periods.period = summed.period
left join polls_in_period
    on store_keys.store_key = polls_in_period.store_key
    and periods.period = polls_in_period.period
order by store_keys.store_id, periods.ended_us - periods.started_us
