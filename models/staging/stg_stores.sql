{{ config(materialized='table', post_hook="{{ keep_malformed_rows('stores') }}") }}

with stores as (
    select * from {{ source('inputs', 'stores_numbered') }}
)

select
    nullif(trim(columns(* exclude (file_key, row_number))), ''),
    file_key,
    row_number,
    cast(to_json(stores) as varchar) as raw_values,
from stores
