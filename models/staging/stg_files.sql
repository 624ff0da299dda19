with versions as (
    select * from {{ source('lake', 'versions') }}
)

select
    file_key,
    input,
    file,
    size_bytes,
    modified_us,
    first_seen_us,
    loaded_at_us,
    place,
    rows,
    set_aside,
from versions
where removed_load is null
