with horizon as (
    select * from {{ ref('int_horizon') }}
),

periods as (
    {{ periods_until('(select as_of_us from horizon)', ref('stg_periods')) }}
),

-- The stretches between the starts of periods, each of which is in the same periods throughout.
segments as (
    select
        started_us,
        coalesce(lead(started_us) over (order by started_us), ended_us) as ended_us,
    from periods
),

rows_of_segments as (
    select
        polls.store_key,
        segments.started_us,
        count(*) as polls,
        min(polls.polled_us) as first_polled_us,
    from {{ ref('int_polls') }} as polls
    inner join segments
        on polls.polled_us >= segments.started_us
        and polls.polled_us < segments.ended_us
    where
        -- Lets DuckDB pass over older polls.
        polls.polled_us >= (select min(started_us) from periods)
    group by polls.store_key, segments.started_us
),

-- Several rows of one store and instant are one poll.
repeats_of_segments as (
    select
        notable.store_key,
        segments.started_us,
        -notable.repeats as polls,
        notable.polled_us as first_polled_us,
    from {{ ref('int_notable_polls') }} as notable
    inner join segments
        on notable.polled_us >= segments.started_us
        and notable.polled_us < segments.ended_us
    where notable.repeats > 0
),

polls_of_segments as (
    select * from rows_of_segments
    union all
    select * from repeats_of_segments
)

select
    polls_of_segments.store_key,
    periods.period,
    cast(sum(polls_of_segments.polls) as bigint) as polls,
    min(polls_of_segments.first_polled_us) as first_polled_us,
from polls_of_segments
inner join periods on polls_of_segments.started_us >= periods.started_us
group by polls_of_segments.store_key, periods.period
