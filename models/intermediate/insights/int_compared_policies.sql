{{ config(materialized='view') }}

with words as (
    select words.status_before_first_poll
    from (values ('first_known'), ('unknown'), ('active'), ('inactive')) as words (status_before_first_poll)
),

-- The least of them is compared_gap_us, at which runs are parted, and the greatest is how much longer
-- than a week polls are kept.
gaps as (
    select limits.hours as max_poll_gap_hours
    from (values (cast(null as bigint)), (2), (4), (8), (24)) as limits (hours)
)

select
    concat_ws(', ', words.status_before_first_poll, gaps.max_poll_gap_hours || ' h') as policy,
    words.status_before_first_poll,
    gaps.max_poll_gap_hours,
    gaps.max_poll_gap_hours * 3600000000 as max_poll_gap_us,
from words
cross join gaps
