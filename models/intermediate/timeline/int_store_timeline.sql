{{ config(
    materialized='incremental',
    incremental_strategy='replace_stretches',
    pre_hook="{{ note_dirty_stores() }}",
    post_hook="{{ note_schedules_seen() }}",
    meta={'seen': 'select as_of_us, starts_us from intermediate.int_horizon'},
) }}

with horizon as (
    select * from {{ ref('int_horizon') }}
),

dirty_stores as (
    select * from {{ ref('int_dirty_stores') }}
    where reader = 'int_store_timeline'
),

stretches as (
    select
        stretches.store_key,
        stretches.started_us,
        least(stretches.ended_us, horizon.as_of_us) as ended_us,
        stretches.status,
        stretches.is_confirmed,
        dirty_stores.from_us,
    from {{ ref('int_business_stretches') }} as stretches
    inner join dirty_stores on stretches.store_key = dirty_stores.store_key
    inner join horizon on stretches.started_us < horizon.as_of_us
),

rows_so_far as (
    {{ rows_so_far(
        'store_key, started_us, ended_us',
        'null::integer as store_key, null::bigint as started_us, null::bigint as ended_us'
    ) }}
),

-- Windows are worked out from one instant on for all, so what reaches over it begins when it did before.
reaching as (
    select
        rows_so_far.store_key,
        rows_so_far.started_us,
    from rows_so_far
    inner join dirty_stores
        on rows_so_far.store_key = dirty_stores.store_key
        and rows_so_far.started_us < dirty_stores.from_us
        and rows_so_far.ended_us >= dirty_stores.from_us
)

select
    stretches.store_key,
    case
        when stretches.started_us < stretches.from_us
            then coalesce(reaching.started_us, stretches.started_us)
        else stretches.started_us
    end as started_us,
    stretches.ended_us,
    stretches.status,
    stretches.is_confirmed,
from stretches
left join reaching on stretches.store_key = reaching.store_key
where stretches.ended_us >= stretches.from_us
