with store_board as (
    select * from {{ ref('store_board') }}
),

store_keys as (
    select * from {{ ref('int_store_keys') }}
),

store_groups as (
    select * from {{ ref('int_store_groups') }}
),

-- Of stores that are down for equally long, the first by its id.
by_cohort as (
    select
        store_groups.cohort_key,
        count(*) as stores,
        count_if(store_board.current_status = 'down') as down,
        count_if(store_board.current_status = 'not heard from') as not_heard_from,
        count_if(store_board.current_status = 'unknown') as unknown,
        count_if(store_board.current_status = 'up') as up,
        count_if(store_board.current_status = 'closed') as closed,
        count_if(store_board.current_status = 'excluded') as excluded,
        max(store_board.seconds_in_status) filter (where store_board.current_status = 'down')
            as longest_down_seconds,
        min_by(
            store_board.store_id, (-store_board.seconds_in_status, store_board.store_id)
        ) filter (where store_board.current_status = 'down') as longest_down_store_id,
        max(store_board.silent_seconds) filter (where store_board.current_status = 'not heard from')
            as longest_silent_seconds,
        min(store_board.urgency) as worst_urgency,
        max(store_board.as_of) as as_of,
    from store_board
    inner join store_keys on store_board.store_id = store_keys.store_id
    inner join store_groups on store_keys.store_key = store_groups.store_key
    where store_groups.attribute = 'all'
    group by store_groups.cohort_key
)

select
    store_groups.attribute,
    store_groups.value,
    cast(sum(by_cohort.stores) as bigint) as stores,
    cast(sum(by_cohort.down) as bigint) as down,
    cast(sum(by_cohort.not_heard_from) as bigint) as not_heard_from,
    cast(sum(by_cohort.unknown) as bigint) as unknown,
    cast(sum(by_cohort.up) as bigint) as up,
    cast(sum(by_cohort.closed) as bigint) as closed,
    cast(sum(by_cohort.excluded) as bigint) as excluded,
    max(by_cohort.longest_down_seconds) as longest_down_seconds,
    min_by(
        by_cohort.longest_down_store_id, (-by_cohort.longest_down_seconds, by_cohort.longest_down_store_id)
    ) filter (where by_cohort.down > 0) as longest_down_store_id,
    max(by_cohort.longest_silent_seconds) as longest_silent_seconds,
    min(by_cohort.worst_urgency) as worst_urgency,
    max(by_cohort.as_of) as as_of,
from by_cohort
inner join store_groups on by_cohort.cohort_key = store_groups.store_key
group by store_groups.attribute, store_groups.value
order by store_groups.attribute, store_groups.value
