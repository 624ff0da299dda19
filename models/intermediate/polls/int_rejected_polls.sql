{{ config(materialized='incremental', incremental_strategy='replace_files') }}

-- Rows that were read without a doubt have no raw values, so that few are looked at.
select
    file_key,
    line_number,
    store_id,
    polled_us,
    rejected_as,
    raw_values,
from {{ ref('stg_store_status') }}
where
    added_load > {{ load_seen() }}
    and raw_values is not null
    and rejected_as is not null
