{{ config(
    materialized='incremental',
    incremental_strategy='replace_where',
    incremental_predicates=[
        "exists (
            select 1
            from intermediate.int_poll_restarts as restarts
            where restarts.store_key = target.store_key
                and target.polled_us >= coalesce(restarts.restart_us, 0)
        )",
    ],
) }}

with restarts as (
    select * from {{ ref('int_poll_restarts') }}
),

polls as (
    select polls.store_key, polls.polled_us, polls.is_active
    from {{ ref('int_polls') }} as polls
    {% if is_incremental() %}
    inner join restarts
        on polls.store_key = restarts.store_key
        and polls.polled_us >= coalesce(restarts.restart_us, 0)
    {% endif %}
    where
        polls.rejected_as is null
        -- Without a named instant the newest poll is the last.
        and polls.polled_us <= coalesce({{ named_as_of_us() }}, polls.polled_us)
),

-- Of the polls of one instant the last row stays, which is inactive if any is. The first inactive
-- row behind an active one stays too and marks the contradiction.
polls_once as (
    select
        store_key,
        polled_us,
        is_active,
        coalesce(
            lag(polled_us) over by_time = polled_us
            and lag(is_active) over by_time
            and not is_active,
            false
        ) as is_contradicted,
    from polls
    window by_time as (partition by store_key order by polled_us asc, is_active desc)
    qualify lead(polled_us) over by_time is distinct from polled_us or is_contradicted
),

marked as (
    select
        store_key,
        polled_us,
        is_active,
        is_contradicted,
        lag(polled_us) over by_time as previous_polled_us,
        coalesce(lag(is_active) over by_time <> is_active, true)
        or coalesce(polled_us - lag(polled_us) over by_time > {{ max_poll_gap_us() }}, false)
            as is_change,
        lead(polled_us) over by_time is null as is_last,
    from polls_once
    window by_time as (partition by store_key order by polled_us asc, is_contradicted desc)
    qualify
        previous_polled_us is distinct from polled_us
        and (is_change or is_contradicted or is_last)
),

-- What came before the first poll that is looked at again is known from the last build.
continued as (
    select
        marked.store_key,
        marked.polled_us,
        marked.is_active,
        marked.is_contradicted,
        marked.is_last,
        case
            when restarts.restart_us = marked.polled_us then restarts.previous_polled_us
            else marked.previous_polled_us
        end as previous_polled_us,
        case
            when restarts.restart_us = marked.polled_us then restarts.is_change
            else marked.is_change
        end as is_change,
    from marked
    left join restarts on marked.store_key = restarts.store_key
)

select
    store_key,
    polled_us,
    is_active,
    is_contradicted,
    previous_polled_us,
    is_change,
from continued
where is_change or is_contradicted or is_last
