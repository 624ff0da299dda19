{{ config(materialized='table', post_hook="{{ keep_malformed_rows('exclusions') }}") }}

with exclusions as (
    select * from {{ source('inputs', 'exclusions_numbered') }}
),

named as (
    select
        *,
        nullif({{ trimmed('store_id') }}, '') as trimmed_store_id,
        {{ instant_us('"from"') }} as started_us,
        {{ instant_us('"to"') }} as ended_us,
    from exclusions
),

judged as (
    select
        *,
        case
            when trimmed_store_id is null then 'missing_store_id'
            when started_us is null or ended_us is null then 'bad_timestamp'
            when started_us >= ended_us then 'ends_before_it_starts'
        end as rejected_as,
    from named
)

select
    file_key,
    row_number,
    trimmed_store_id as store_id,
    started_us,
    ended_us,
    nullif({{ trimmed('reason') }}, '') as reason,
    nullif({{ trimmed('author') }}, '') as author,
    rejected_as,
    {{ raw_values(['store_id', 'from', 'to'], ['reason', 'author']) }} as raw_values,
from judged
