{{ config(materialized='table', post_hook="{{ keep_malformed_rows('stores') }}") }}

with stores as (
    select * from {{ source('inputs', 'stores_numbered') }}
)

select
    nullif({{ trimmed('columns(* exclude (file_key, row_number))') }}, ''),
    file_key,
    row_number,
    -- Null takes out what the files do not have.
    cast(
        json_merge_patch(to_json(stores), '{"file_key": null, "row_number": null}') as varchar
    ) as raw_values,
from stores
