with poll_minutes as (
    select * from {{ ref('int_poll_minutes') }}
),

build as (
    select * from {{ source('inputs', 'build') }}
),

periods as (
    select * from {{ ref('stg_periods') }}
),

as_of as (
    select
        coalesce(
            {{ named_as_of_us() }},
            max(last_polled_us),
            error('Store Uptime: no poll is valid; name the instant to look back from with the var as_of.')
        ) as as_of_us,
        min(first_polled_us) as first_polled_us,
    from poll_minutes
)

select
    as_of.as_of_us,
    -- No store is given a past before the first poll of all that is longer than a week, or than the
    -- longest period.
    least(as_of.first_polled_us, as_of.as_of_us)
    - greatest(604800000000, (select max(length_us) from periods)) as starts_us,
    -- A report as of a round hour is asked for before the next poll is there.
    as_of.as_of_us + 86400000000 as ahead_until_us,
    build.previous_as_of_us,
    build.previous_starts_us,
from as_of
cross join build
