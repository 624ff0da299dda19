with exclusions as (
    select * from {{ source('lake', 'exclusions') }}
    where removed_load is null
)

select
    file_key,
    line_number,
    store_id,
    started_us,
    ended_us,
    reason,
    author,
    case
        when set_aside_as is not null then set_aside_as
        when store_id is null then 'missing_store_id'
        when started_us is null or ended_us is null then 'bad_timestamp'
        when started_us >= ended_us then 'ends_before_it_starts'
    end as rejected_as,
    raw_values,
from exclusions
