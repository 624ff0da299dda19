with files as (
    select * from {{ source('inputs', 'files') }}
),

store_keys as (
    select * from {{ ref('int_store_keys') }}
),

-- What the optional inputs say of stores that no other input knows changes nothing.
optional as (
    select file_key, row_number, store_id, rejected_as, raw_values, true as takes_all
    from {{ ref('stg_special_hours') }}

    union all

    select file_key, row_number, store_id, rejected_as, raw_values, true
    from {{ ref('stg_exclusions') }}

    union all

    select file_key, row_number, store_id, rejected_as, raw_values, false
    from {{ ref('int_stores') }}
),

rejected as (
    select file_key, row_number, store_id, rejected_as, raw_values
    from {{ ref('int_rejected_polls') }}

    union all

    select file_key, null, store_id, 'contradictory_poll', raw_values
    from {{ ref('int_contradictory_polls') }}

    union all

    select file_key, row_number, store_id, rejected_as, raw_values
    from {{ ref('stg_business_hours') }}
    where rejected_as is not null

    union all

    select file_key, row_number, store_id, rejected_as, raw_values
    from {{ ref('int_timezones') }}
    where rejected_as is not null

    union all

    select
        optional.file_key,
        optional.row_number,
        optional.store_id,
        coalesce(optional.rejected_as, 'unknown_store'),
        optional.raw_values,
    from optional
    left join store_keys on optional.store_id = store_keys.store_id
    where
        optional.rejected_as is not null
        or (store_keys.store_id is null and not (optional.store_id = '*' and optional.takes_all))

    union all

    select targets.file_key, targets.row_number, null, targets.rejected_as, targets.raw_values
    from {{ ref('int_uptime_targets') }} as targets
    where targets.rejected_as is not null
),

-- The header is line 1, and lines that did not parse stand between the rows that did.
malformed_rows as (
    select
        *,
        line_number - 1 - row_number() over (partition by file_key order by line_number)
            as rows_before,
    from {{ source('inputs', 'malformed_rows') }}
),

malformed_before as (
    select
        rejected.file_key,
        rejected.row_number,
        count(*) as lines,
    from (select distinct file_key, row_number from rejected) as rejected
    inner join malformed_rows
        on rejected.file_key = malformed_rows.file_key
        and rejected.row_number > malformed_rows.rows_before
    group by rejected.file_key, rejected.row_number
),

with_lines as (
    select
        rejected.file_key,
        rejected.row_number
        + case when {{ is_parquet('files.file') }} then 0 else 1 end
        + coalesce(malformed_before.lines, 0) as line_number,
        rejected.store_id,
        rejected.rejected_as,
        rejected.raw_values,
    from rejected
    inner join files on rejected.file_key = files.file_key
    left join malformed_before
        on rejected.file_key = malformed_before.file_key
        and rejected.row_number = malformed_before.row_number

    union all

    select file_key, line_number, null, 'malformed_row', raw_line
    from malformed_rows
)

select
    files.input,
    files.file,
    with_lines.line_number,
    with_lines.store_id,
    with_lines.rejected_as as reason,
    with_lines.raw_values,
from with_lines
inner join files on with_lines.file_key = files.file_key
order by files.input, files.file, with_lines.line_number
