with files as (
    select * from {{ ref('stg_files') }}
),

store_keys as (
    select * from {{ ref('int_store_keys') }}
),

run as (
    select * from {{ source('build', 'run') }}
),

polls as (
    select * from {{ ref('int_rejected_polls') }}
    -- A poll dated in the future is none once the clock has caught up with it.
    where
        rejected_as <> 'future_timestamp'
        or polled_us > (select clock_us + {{ clock_error_us() }} from run)
),

-- What the optional inputs say of stores that no other input knows changes nothing.
optional as (
    select file_key, line_number, store_id, rejected_as, null as overruled_by, raw_values, true as takes_all
    from {{ ref('stg_special_hours') }}

    union all

    select file_key, line_number, store_id, rejected_as, null, raw_values, true
    from {{ ref('stg_exclusions') }}

    union all

    select file_key, line_number, store_id, rejected_as, overruled_by, raw_values, false
    from {{ ref('int_store_attributes') }}
),

-- The contradiction shows only when all files are together, so the active poll stands here in its normal
-- spelling and without its line.
contradictory_polls as (
    select
        polls.file_key,
        store_keys.store_id,
        cast(json_object(
            'store_id', store_keys.store_id,
            'status', 'active',
            'timestamp_utc', {{ timestamp_utc('polls.polled_us') }} || ' UTC'
        ) as varchar) as raw_values,
    from {{ ref('int_polls') }} as polls
    inner join {{ ref('int_notable_polls') }} as notable
        on polls.store_key = notable.store_key
        and polls.polled_us = notable.polled_us
    inner join store_keys on polls.store_key = store_keys.store_key
    where polls.is_active and notable.is_contradicted
),

rejected as (
    select file_key, line_number, store_id, rejected_as, null as overruled_by, raw_values
    from polls

    union all

    select file_key, null, store_id, 'contradictory_poll', null, raw_values
    from contradictory_polls

    union all

    select file_key, line_number, store_id, rejected_as, null, raw_values
    from {{ ref('stg_business_hours') }}
    where rejected_as is not null

    union all

    select file_key, line_number, store_id, rejected_as, overruled_by, raw_values
    from {{ ref('int_timezones') }}
    where rejected_as is not null

    union all

    select
        optional.file_key,
        optional.line_number,
        optional.store_id,
        coalesce(optional.rejected_as, 'unknown_store'),
        optional.overruled_by,
        optional.raw_values,
    from optional
    left join store_keys on optional.store_id = store_keys.store_id
    where
        optional.rejected_as is not null
        or (store_keys.store_id is null and not (optional.store_id = '*' and optional.takes_all))

    union all

    select targets.file_key, targets.line_number, null, targets.rejected_as, null, targets.raw_values
    from {{ ref('int_uptime_targets') }} as targets
    where targets.rejected_as is not null
)

select
    files.input,
    files.file,
    rejected.line_number,
    rejected.store_id,
    rejected.rejected_as as reason,
    rejected.raw_values,
    rejected.overruled_by,
from rejected
inner join files on rejected.file_key = files.file_key
order by files.input, files.file, rejected.line_number
