{{ config(materialized='view') }}

select
    changes.store_key,
    changes.previous_polled_us as started_us,
    changes.polled_us as ended_us,
    changes.polled_us - changes.previous_polled_us as length_us,
from {{ ref('int_status_changes') }} as changes
inner join {{ ref('int_horizon') }} as horizon
    on changes.previous_polled_us >= horizon.as_of_us - 604800000000
    and changes.polled_us <= horizon.as_of_us
where changes.polled_us - changes.previous_polled_us > {{ compared_gap_us() }}
