{{ config(
    materialized='incremental',
    incremental_strategy='replace_where',
    incremental_predicates=["file_key in (select file_key from inputs.removed_files)"],
    pre_hook="{{ open_rejected_polls() }}",
) }}

-- depends_on: {{ ref('int_polls') }}

-- Files with rejected rows are read once more, for the raw text and the row's number.
with store_status as (
    select * from {{ source('inputs', 'store_status_numbered') }}
),

named as (
    select
        store_status.*,
        nullif({{ trimmed('store_status.store_id') }}, '') as trimmed_store_id,
        {{ is_active('store_status.status') }} as is_active,
        {{ instant_us('store_status.timestamp_utc') }} as polled_us,
    from store_status
),

judged as (
    select
        *,
        case
            when trimmed_store_id is null then 'missing_store_id'
            else {{ poll_rejected_as('is_active', 'polled_us', 'latest_us') }}
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
