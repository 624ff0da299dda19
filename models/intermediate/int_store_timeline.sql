{{ config(
    materialized='incremental',
    incremental_strategy='replace_where',
    incremental_predicates=from_the_change_on('ended_us', 'changes.changed_us'),
) }}

with statuses as (
    select statuses.*, changes.changed_us
    from {{ ref('int_statuses') }} as statuses
    inner join {{ ref('int_changes') }} as changes
        on statuses.store_key = changes.store_key and statuses.ended_us >= changes.changed_us
),

business_windows as (
    select * from {{ ref('int_open_time') }}
),

{{ by_week('statuses') }},

{{ by_week('business_windows') }},

clipped as (
    select
        statuses.store_key,
        greatest(statuses.started_us, business_windows.started_us) as started_us,
        least(statuses.ended_us, business_windows.ended_us) as ended_us,
        case
            when business_windows.is_excluded
                then {{ "'up'" if var('exclusions') == 'count_up' else "'excluded'" }}
            else statuses.status
        end as status,
        statuses.is_confirmed and not business_windows.is_excluded as is_confirmed,
        statuses.changed_us,
    from statuses_by_week as statuses
    inner join business_windows_by_week as business_windows
        on statuses.store_key = business_windows.store_key
        and statuses.week = business_windows.week
        and statuses.week = greatest(statuses.first_week, business_windows.first_week)
        and statuses.started_us < business_windows.ended_us
        and statuses.ended_us > business_windows.started_us
)

select
    store_key,
    started_us,
    ended_us,
    cast(status as {{ status_type() }}) as status,
    is_confirmed,
from clipped
where ended_us >= changed_us
