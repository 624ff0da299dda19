with notable_polls as (
    select * from {{ ref('int_notable_polls') }}
),

periods as (
    select * from {{ ref('stg_periods') }}
),

run as (
    select * from {{ source('build', 'run') }}
),

rejected as (
    select rejected_as, count(*) as rows
    from {{ ref('int_rejected_polls') }}
    group by rejected_as
),

why as (
    select
        coalesce(
            string_agg(rows || ' ' || rejected_as, ', ' order by rejected_as),
            'there is none'
        ) as said,
    from rejected
),

-- The first and the last poll of all are notable.
ends as (
    select
        min(polled_us) as first_polled_us,
        max(polled_us) as last_polled_us,
    from notable_polls
),

as_of as (
    select
        coalesce(
            run.named_as_of_us,
            ends.last_polled_us,
            error(concat(
                'Store Uptime: no poll is valid (', why.said,
                '); name the instant to look back from with the var as_of.'
            ))
        ) as as_of_us,
        ends.first_polled_us,
    from ends
    cross join run
    cross join why
),

bounds as (
    select
        as_of_us,
        -- No store is given a past before the first poll of all that is longer than a week, or than the
        -- longest period.
        least(first_polled_us, as_of_us)
        - greatest(604800000000, (select max(length_us) from periods)) as starts_us,
        -- A report as of a round hour is asked for before the next poll is there.
        as_of_us + 86400000000 as ahead_until_us,
    from as_of
)

-- On any store's clock it is at most a day earlier or later than in UTC.
select
    as_of_us,
    starts_us,
    ahead_until_us,
    {{ day_of('starts_us') }} - 1 as first_day,
    {{ day_of('as_of_us') }} + 1 as last_day,
from bounds
