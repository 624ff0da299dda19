with polls as (
    select * from {{ ref('int_polls') }}
    where rejected_as is null
),

horizon as (
    select
        as_of_us,
        {{ polls_kept_from_us('as_of_us') }} as kept_from_us,
    from {{ ref('int_horizon') }}
),

recent as (
    select polls.store_key, polls.polled_us, polls.is_active
    from polls
    where
        polls.polled_us >= (select kept_from_us from horizon)
        and polls.polled_us <= (select as_of_us from horizon)
),

-- Of the rows of one instant an inactive one comes last, and stays.
once as (
    select
        store_key,
        polled_us,
        is_active,
    from recent
    qualify
        coalesce(
            polled_us < lead(polled_us) over (
                partition by store_key order by polled_us asc, is_active desc
            ),
            true
        )
)

select
    store_key,
    polled_us,
    is_active,
from once
