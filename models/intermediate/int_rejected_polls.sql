{{ config(
    materialized='incremental',
    incremental_strategy='replace_where',
    incremental_predicates=["file_key not in (select file_key from inputs.files)"],
) }}

with store_status as (
    select * from {{ source('inputs', 'store_status_numbered') }}
),

-- Their files are read once more, for the raw text and the row's number; no file, no reading.
files_with_rejected_rows as (
    select distinct polls.file_key
    from {{ ref('int_polls') }} as polls
    inner join {{ source('inputs', 'files') }} as files
        on polls.file_key = files.file_key and files.is_new
    where polls.rejected_as is not null
),

named as (
    select
        store_status.*,
        nullif(trim(store_status.store_id), '') as trimmed_store_id,
        lower(trim(store_status.status)) as trimmed_status,
        {{ instant_us('store_status.timestamp_utc') }} as polled_us,
    from store_status
    inner join files_with_rejected_rows
        on store_status.file_key = files_with_rejected_rows.file_key
),

judged as (
    select
        *,
        case
            when trimmed_store_id is null then 'missing_store_id'
            else {{ poll_rejected_as('trimmed_status', 'polled_us') }}
        end as rejected_as,
    from named
)

select
    file_key,
    row_number,
    trimmed_store_id as store_id,
    rejected_as,
    {{ raw_values(['store_id', 'status', 'timestamp_utc']) }} as raw_values,
from judged
where rejected_as is not null
