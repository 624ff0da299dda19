with files as (
    select * from {{ ref('stg_files') }}
),

rejected_polls as (
    select * from {{ ref('int_rejected_polls') }}
    where rejected_as = 'future_timestamp'
),

run as (
    select * from {{ source('build', 'run') }}
),

future as (
    select
        file_key,
        min(polled_us) - {{ clock_error_us() }} as counts_from_us,
    from rejected_polls
    where polled_us - {{ clock_error_us() }} > (select clock_us from run)
    group by file_key
)

select
    files.input,
    files.file,
    files.file_key,
    files.size_bytes,
    files.modified_us,
    files.first_seen_us as listed_us,
    {{ timestamp_utc('files.loaded_at_us') }} as loaded_at,
    files.place,
    files.rows,
    files.set_aside as rows_set_aside,
    future.counts_from_us,
from files
left join future on files.file_key = future.file_key
order by files.input, files.place
