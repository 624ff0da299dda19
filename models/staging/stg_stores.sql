{{ config(materialized='table', post_hook="{{ keep_malformed_rows('stores') }}") }}

-- No column has the name of this, or it would be taken for the row.
with raw_rows as (
    select * from {{ source('inputs', 'stores_numbered') }}
)

select
    nullif({{ trimmed('columns(* exclude (file_key, row_number))') }}, ''),
    file_key,
    row_number,
    -- Null takes out what the files do not have.
    cast(
        json_merge_patch(to_json(raw_rows), '{"file_key": null, "row_number": null}') as varchar
    ) as raw_values,
from raw_rows
