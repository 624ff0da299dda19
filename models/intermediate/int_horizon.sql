with polls as (
    select * from {{ ref('int_polls') }}
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
            max(polled_us),
            error('Store Uptime: no poll is valid; name the instant to look back from with the var as_of.')
        ) as as_of_us,
    from polls
    where rejected_as is null
),

first_poll as (
    select min(polled_us) as first_polled_us
    from polls
    where rejected_as is null and polled_us <= (select as_of_us from as_of)
)

select
    as_of.as_of_us,
    -- No store is given a past longer than a week before the first poll of all,
    -- unless a period reaches further.
    least(
        coalesce(first_poll.first_polled_us, as_of.as_of_us) - 604800000000,
        as_of.as_of_us - (select max(length_us) from periods)
    ) as starts_us,
    build.previous_as_of_us,
    build.previous_starts_us,
from as_of
cross join first_poll
cross join build
