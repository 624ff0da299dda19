with attributes as (
    select * from {{ ref('int_store_attributes') }}
    where rejected_as is null
)

select
    attributes.store_id,
    pairs.key as attribute,
    nullif({{ trimmed("pairs.value ->> '$'") }}, '') as value,
    attributes.file_key,
    attributes.line_number,
    pairs.id as position,
from attributes
cross join json_each(attributes.attributes) as pairs
