{{ config(materialized='view') }}

select
    notable.store_key,
    notable.previous_polled_us as started_us,
    notable.polled_us as ended_us,
    notable.polled_us - notable.previous_polled_us as length_us,
from {{ ref('int_notable_polls') }} as notable
inner join {{ ref('int_horizon') }} as horizon
    on notable.previous_polled_us >= horizon.as_of_us - 604800000000
    and notable.polled_us <= horizon.as_of_us
where notable.polled_us - notable.previous_polled_us > {{ compared_gap_us() }}
