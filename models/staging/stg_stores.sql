with stores as (
    select * from {{ source('lake', 'stores') }}
    where removed_load is null
)

select
    file_key,
    line_number,
    store_id,
    attributes,
    case
        when set_aside_as is not null then set_aside_as
        when store_id is null then 'missing_store_id'
    end as rejected_as,
    raw_values,
from stores
