{{ config(materialized='view') }}

with horizon as (
    select
        as_of_us,
        as_of_us - 604800000000 as starts_us,
    from {{ ref('int_horizon') }}
)

select
    changes.store_key,
    changes.previous_polled_us as started_us,
    changes.polled_us as ended_us,
    changes.polled_us - changes.previous_polled_us as length_us,
from {{ ref('int_status_changes') }} as changes
inner join horizon
    on changes.previous_polled_us >= horizon.starts_us
    and changes.polled_us <= horizon.as_of_us
where changes.polled_us - changes.previous_polled_us > {{ compared_gap_us() }}
