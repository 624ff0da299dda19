{{ config(materialized='table', post_hook="{{ keep_malformed_rows('timezones') }}") }}

with timezones as (
    select * from {{ source('inputs', 'timezones_numbered') }}
)

select
    file_key,
    row_number,
    nullif({{ trimmed('store_id') }}, '') as store_id,
    nullif({{ trimmed('timezone_str') }}, '') as timezone,
    {{ raw_values(['store_id', 'timezone_str']) }} as raw_values,
from timezones
