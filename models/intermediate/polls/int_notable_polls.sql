{{ config(
    materialized='incremental',
    incremental_strategy='replace_notable_polls',
    pre_hook="{{ note_poll_restarts() }}",
    meta={'seen': 'select limit_us as as_of_us, null as starts_us from build.run'},
) }}

-- depends_on: {{ ref('int_changed_polls') }}

with restarts as (
    select * from {{ source('build', 'poll_restarts') }}
),

polls as (
    select polls.store_key, polls.polled_us, polls.is_active
    from {{ ref('int_polls') }} as polls
    {{ when_going_on(
        'inner join restarts on polls.store_key = restarts.store_key and polls.polled_us >= restarts.from_us'
    ) }}
    where polls.polled_us <= (select limit_us from {{ source('build', 'run') }})
),

-- One sort of all polls, from which few rows stay. Of the rows of one instant an inactive one comes last.
in_order as (
    select
        store_key,
        polled_us,
        is_active,
        lag(polled_us) over by_time as previous_polled_us,
        lag(is_active) over by_time as previous_is_active,
        lead(polled_us) over by_time as next_polled_us,
        row_number() over by_time as row_number,
    from polls
    window by_time as (partition by store_key order by polled_us asc, is_active desc)
    qualify
        previous_polled_us is null
        or next_polled_us is null
        or is_active <> previous_is_active
        or polled_us = previous_polled_us
        or polled_us = next_polled_us
        or polled_us - previous_polled_us > (select gap_us from {{ ref('int_notable_gap') }})
),

-- The polls of one instant become one, which is inactive if any is.
once as (
    select
        store_key,
        polled_us,
        bool_and(is_active) as is_active,
        bool_and(is_active) <> bool_or(is_active) as is_contradicted,
        bool_or(next_polled_us is null) as is_last,
        cast(count(*) - 1 as bigint) as repeats,
        min(row_number) as row_number,
        any_value(previous_polled_us) filter (where previous_polled_us < polled_us) as previous_polled_us,
        any_value(previous_is_active) filter (where previous_polled_us < polled_us) as previous_is_active,
    from in_order
    group by store_key, polled_us
),

numbered as (
    select
        *,
        row_number - coalesce(
            sum(repeats) over (
                partition by store_key order by polled_us
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as poll_number,
    from once
),

-- What came before the first poll that is looked at again is known from before.
continued as (
    select
        numbered.store_key,
        numbered.polled_us,
        numbered.is_active,
        numbered.is_contradicted,
        case
            when restarts.restart_us = numbered.polled_us then restarts.previous_polled_us
            else numbered.previous_polled_us
        end as previous_polled_us,
        case
            when restarts.restart_us = numbered.polled_us then restarts.previous_is_active
            else numbered.previous_is_active
        end as previous_is_active,
        cast(numbered.poll_number + coalesce(restarts.poll_number - 1, 0) as bigint) as poll_number,
        numbered.is_last,
        numbered.repeats,
    from numbered
    left join restarts on numbered.store_key = restarts.store_key
)

select * from continued
where
    previous_polled_us is null
    or is_last
    or repeats > 0
    or is_active <> previous_is_active
    or polled_us - previous_polled_us > (select gap_us from {{ ref('int_notable_gap') }})
