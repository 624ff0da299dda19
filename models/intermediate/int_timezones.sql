with timezones as (
    select * from {{ ref('stg_timezones') }}
),

files as (
    select * from {{ source('inputs', 'files_besides_polls') }}
),

known_timezones as (
    select distinct timezone from {{ ref('stg_timezone_offsets') }}
),

judged as (
    select
        timezones.*,
        files.file,
        case
            when timezones.store_id is null then 'missing_store_id'
            when known_timezones.timezone is null then 'unknown_timezone'
        end as rejected_as,
    from timezones
    left join files on timezones.file_key = files.file_key
    left join known_timezones on timezones.timezone = known_timezones.timezone
),

-- Of several zones the last row's holds: a later row corrects an earlier one.
-- File keys follow the order of arrival, which a fresh build does not know.
compared as (
    select
        * exclude (rejected_as),
        case
            when
                rejected_as is null
                and last_value(timezone) over (
                    partition by store_id, rejected_as order by file, row_number
                    rows between unbounded preceding and unbounded following
                ) <> timezone
                then 'contradictory_timezone'
            else rejected_as
        end as rejected_as,
    from judged
)

select
    file_key,
    row_number,
    store_id,
    timezone,
    rejected_as,
    raw_values,
from compared
