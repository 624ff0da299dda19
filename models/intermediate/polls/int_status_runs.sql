with notable_polls as (
    select * from {{ ref('int_notable_polls') }}
),

last_polls as (
    select * from notable_polls
    where is_last
),

-- A run begins where the status differs from the poll before, or comes longer after it than a status holds.
starts as (
    select * from notable_polls
    where
        previous_polled_us is null
        or is_active <> previous_is_active
        or polled_us - previous_polled_us > {{ max_poll_gap_us() }}
),

runs as (
    select
        store_key,
        is_active,
        polled_us as started_us,
        lead(previous_polled_us) over by_time as last_polled_us,
        lead(polled_us) over by_time as next_started_us,
        lead(is_active) over by_time as next_is_active,
        previous_polled_us is null as is_first,
        poll_number,
        lead(poll_number) over by_time as next_poll_number,
    from starts
    window by_time as (partition by store_key order by polled_us)
)

select
    runs.store_key,
    runs.is_active,
    runs.started_us,
    coalesce(runs.last_polled_us, last_polls.polled_us) as last_polled_us,
    runs.next_started_us,
    runs.next_is_active,
    runs.is_first,
    coalesce(runs.next_poll_number, last_polls.poll_number + 1) - runs.poll_number as polls,
from runs
inner join last_polls on runs.store_key = last_polls.store_key
