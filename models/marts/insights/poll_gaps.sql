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
        minutes.last_polled_us as started_us,
        lead(minutes.first_polled_us) over (order by minutes.minute_us) as ended_us,
        coalesce(ended_us, horizon.as_of_us) as reaches_us,
        reaches_us - started_us as length_us,
        length_us >= 600000000 as is_long,
    from minutes
    cross join horizon
),

gaps_by_hour as (
    select
        *,
        unnest(range({{ hour_of('started_us') }}, {{ hour_of('reaches_us') }} + 1)) as hour,
    from gaps
),

hours as (
    select
        hour,
        max(struct_pack(length_us := length_us, started_us := started_us)) as longest,
    from gaps_by_hour
    group by hour
),

-- Within two hours, so that the poller need not be on time.
longest_gaps as (
    select
        hour,
        max(longest) over (
            order by hour
            rows between 2 preceding and 2 following
        ) as longest,
    from hours
),

days_around as (
    select
        started_us,
        hour,
        unnest(range(-21, 22)) as days_away,
    from gaps_by_hour
    where is_long
),

-- What is usual may change for good: so the week before and the week after count by themselves. A
-- day of the week may have hours of its own.
usual as (
    select
        gaps.started_us,
        gaps.hour,
        greatest(
            median(others.longest.length_us) filter (gaps.days_away between -7 and -1),
            median(others.longest.length_us) filter (gaps.days_away between 1 and 7),
            case
                when count(*) filter (gaps.days_away % 7 = 0) > 1
                    then median(others.longest.length_us) filter (gaps.days_away % 7 = 0)
            end
        ) as length_us,
    from days_around as gaps
    inner join longest_gaps as others on gaps.hour + 24 * gaps.days_away = others.hour
    where
        gaps.started_us <> others.longest.started_us
        and gaps.days_away <> 0
        and (gaps.days_away between -7 and 7 or gaps.days_away % 7 = 0)
    group by gaps.started_us, gaps.hour
),

-- On a first day the longest gaps of its own hours are all that is known.
compared as (
    select
        gaps.started_us,
        gaps.ended_us,
        gaps.length_us,
        coalesce(
            min(usual.length_us),
            (select median(longest.length_us) from longest_gaps)
        ) as usual_us,
    from gaps
    left join usual on gaps.started_us = usual.started_us
    where gaps.is_long
    group by gaps.started_us, gaps.ended_us, gaps.length_us
),

unusual as (
    select
        {{ timestamp_utc('started_us') }} as started_at,
        {{ timestamp_utc('ended_us') }} as ended_at,
        length_us / 1000000.0e0 as wall_seconds,
        usual_us / 1000000.0e0 as usual_gap_seconds,
    from compared
    where length_us > 2 * usual_us
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
