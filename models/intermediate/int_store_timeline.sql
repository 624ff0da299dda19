{{ config(
    materialized='incremental',
    incremental_strategy='replace_where',
    incremental_predicates=from_the_change_on('ended_us', 'changes.changed_us'),
) }}

with horizon as (
    select * from {{ ref('int_horizon') }}
),

statuses as (
    select
        statuses.store_key,
        statuses.started_us,
        least(statuses.ended_us, horizon.as_of_us) as ended_us,
        statuses.status,
        statuses.is_confirmed,
        changes.changed_us,
    from {{ ref('int_statuses') }} as statuses
    inner join {{ ref('int_changes') }} as changes
        on statuses.store_key = changes.store_key and statuses.ended_us >= changes.changed_us
    inner join horizon on statuses.started_us < horizon.as_of_us
),

business_windows as (
    select * from {{ ref('int_open_time') }}
),

{{ in_business_time('statuses', 'business_windows') }}

select
    store_key,
    started_us,
    ended_us,
    cast(status as {{ status_type() }}) as status,
    is_confirmed,
from in_business_time
where ended_us >= changed_us
