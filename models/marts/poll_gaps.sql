with poll_minutes as (
    select * from {{ ref('int_poll_minutes') }}
),

horizon as (
    select * from {{ ref('int_horizon') }}
),

stores as (
    select * from {{ ref('stores') }}
),

minutes as (
    select
        poll_minutes.minute_us,
        min(poll_minutes.first_polled_us) as first_polled_us,
        max(poll_minutes.last_polled_us) as last_polled_us,
    from poll_minutes
    inner join horizon on poll_minutes.first_polled_us <= horizon.as_of_us
    group by poll_minutes.minute_us
),

gaps as (
    select
        last_polled_us as started_us,
        lead(first_polled_us) over (order by minute_us) as ended_us,
    from minutes
),

measured as (
    select
        gaps.started_us,
        gaps.ended_us,
        coalesce(gaps.ended_us, horizon.as_of_us) - gaps.started_us as length_us,
    from gaps
    cross join horizon
),

longest_of_day as (
    select max(length_us) as length_us
    from measured
    group by {{ day_of('started_us') }}
),

-- Pollers that rest at night, or ask all stores at once every hour, have long gaps every day: so
-- a gap is held against the longest of an ordinary day, not against the usual one.
usual as (
    select cast(median(length_us) as bigint) as length_us
    from longest_of_day
),

unusual as (
    select
        {{ timestamp_utc('measured.started_us') }} as started_at,
        {{ timestamp_utc('measured.ended_us') }} as ended_at,
        measured.length_us / 1000000.0e0 as wall_seconds,
        usual.length_us / 1000000.0e0 as usual_gap_seconds,
    from measured
    cross join usual
    where
        measured.length_us >= 600000000
        and measured.length_us > 1.5 * usual.length_us
)

select
    unusual.started_at,
    unusual.ended_at,
    unusual.wall_seconds,
    unusual.usual_gap_seconds,
    count(stores.store_id) as stores_expected,
from unusual
left join stores
    on unusual.started_at >= stores.first_polled_at
    and stores.last_polled_at >= coalesce(unusual.ended_at, unusual.started_at - interval '1' day)
group by
    unusual.started_at,
    unusual.ended_at,
    unusual.wall_seconds,
    unusual.usual_gap_seconds
order by unusual.started_at
