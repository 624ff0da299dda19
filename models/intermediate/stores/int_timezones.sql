with timezones as (
    select * from {{ ref('stg_timezones') }}
),

files as (
    select * from {{ ref('stg_files') }}
),

known_timezones as (
    select distinct timezone from {{ ref('stg_timezone_offsets') }}
),

judged as (
    select
        timezones.* exclude (rejected_as),
        files.place,
        files.file,
        case
            when timezones.rejected_as is not null then timezones.rejected_as
            when known_timezones.timezone is null then 'unknown_timezone'
        end as rejected_as,
    from timezones
    inner join files on timezones.file_key = files.file_key
    left join known_timezones on timezones.timezone = known_timezones.timezone
),

-- Of several zones the last row's holds: a later row corrects an earlier one.
compared as (
    select
        *,
        last_value(timezone) over last_row as last_timezone,
        last_value(file) over last_row as last_file,
    from judged
    window last_row as (
        partition by store_id, rejected_as order by place, line_number
        rows between unbounded preceding and unbounded following
    )
)

select
    file_key,
    line_number,
    store_id,
    timezone,
    case
        when rejected_as is null and timezone <> last_timezone then 'contradictory_timezone'
        else rejected_as
    end as rejected_as,
    case when rejected_as is null and timezone <> last_timezone then last_file end as overruled_by,
    raw_values,
from compared
