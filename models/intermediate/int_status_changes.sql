{{ config(
    materialized='incremental',
    incremental_strategy='replace_where',
    incremental_predicates=[
        "target.polled_us >= (select min(from_us) from intermediate.int_poll_restarts)
        and exists (
            select 1
            from intermediate.int_poll_restarts as restarts
            where restarts.store_key = target.store_key and target.polled_us >= restarts.from_us
        )",
        "not (target.is_change or target.is_last or target.repeats > 0)
        and target.polled_us < (
            select " ~ polls_kept_from_us('as_of_us') ~ " from intermediate.int_horizon
        )",
    ],
) }}

with restarts as (
    select * from {{ ref('int_poll_restarts') }}
),

horizon as (
    select {{ polls_kept_from_us('as_of_us') }} as kept_from_us from {{ ref('int_horizon') }}
),

polls as (
    select polls.store_key, polls.polled_us, polls.is_active
    from {{ ref('int_polls') }} as polls
    {% if is_incremental() %}
    inner join restarts
        on polls.store_key = restarts.store_key
        and polls.polled_us >= restarts.from_us
    {% endif %}
    where
        polls.is_active is not null
        {% if is_incremental() %}
        -- Lets DuckDB pass over older polls.
        and polls.polled_us >= (select min(from_us) from restarts)
        {% endif %}
        -- Without a named instant the newest poll is the last.
        and polls.polled_us <= coalesce({{ named_as_of_us() }}, polls.polled_us)
),

-- One sort of all polls, from which few rows stay: those that differ from the one before, or share
-- its instant, or come long after it, or are the last. Of the rows of one instant an inactive one
-- comes last. How long gaps change the figures is compared for the last week alone.
near_changes as (
    select
        store_key,
        polled_us,
        is_active,
        lag(polled_us) over by_time as previous_polled_us,
        lag(is_active) over by_time as previous_is_active,
        lead(polled_us) over by_time as next_polled_us,
        row_number() over by_time as row_number,
        previous_polled_us is null
        or next_polled_us is null
        or is_active <> previous_is_active
        or polled_us = previous_polled_us
        or polled_us = next_polled_us
        or coalesce(polled_us - previous_polled_us > {{ max_poll_gap_us() }}, false) as is_kept,
    from polls
    window by_time as (partition by store_key order by polled_us asc, is_active desc)
    qualify is_kept or polled_us - previous_polled_us > {{ compared_gap_us() }}
),

-- The horizon is looked up for these few rows alone.
kept_changes as (
    select * from near_changes
    where is_kept or polled_us >= (select kept_from_us from horizon)
),

-- The polls of one instant become one, which is inactive if any is.
polls_once as (
    select
        store_key,
        polled_us,
        bool_and(is_active) as is_active,
        bool_and(is_active) <> bool_or(is_active) as is_contradicted,
        bool_or(next_polled_us is null) as is_last,
        cast(count(*) - 1 as bigint) as repeats,
        min(row_number) as row_number,
        any_value(previous_polled_us) filter (where previous_polled_us < polled_us)
            as previous_polled_us,
        any_value(previous_is_active) filter (where previous_polled_us < polled_us)
            as previous_is_active,
    from kept_changes
    group by store_key, polled_us
),

marked as (
    select
        *,
        previous_polled_us is null
        or is_active <> previous_is_active
        or coalesce(polled_us - previous_polled_us > {{ max_poll_gap_us() }}, false) as is_change,
        row_number - coalesce(
            sum(repeats) over (
                partition by store_key order by polled_us
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as poll_number,
    from polls_once
),

-- What came before the first poll that is looked at again is known from the last build.
continued as (
    select
        marked.store_key,
        marked.polled_us,
        marked.is_active,
        marked.is_contradicted,
        marked.is_last,
        marked.repeats,
        case
            when restarts.restart_us = marked.polled_us then restarts.previous_polled_us
            else marked.previous_polled_us
        end as previous_polled_us,
        case
            when restarts.restart_us = marked.polled_us then restarts.is_change
            else marked.is_change
        end as is_change,
        cast(marked.poll_number + coalesce(restarts.poll_number - 1, 0) as bigint) as poll_number,
    from marked
    left join restarts on marked.store_key = restarts.store_key
)

select
    store_key,
    polled_us,
    is_active,
    is_contradicted,
    previous_polled_us,
    poll_number,
    is_change,
    is_last,
    repeats,
from continued
where
    is_change
    or is_last
    or repeats > 0
    or (
        polled_us - previous_polled_us > {{ compared_gap_us() }}
        and polled_us >= (select kept_from_us from horizon)
    )
