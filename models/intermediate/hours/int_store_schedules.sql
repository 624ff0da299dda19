with store_keys as (
    select * from {{ ref('int_store_keys') }}
),

timezones as (
    select distinct store_id, timezone from {{ ref('int_timezones') }}
    where rejected_as is null
),

business_hours as (
    select distinct
        store_id,
        day_of_week,
        opens_us,
        closes_us,
        valid_from_day,
        valid_to_day,
    from {{ ref('stg_business_hours') }}
    where rejected_as is null
),

special_hours as (
    select * from {{ ref('int_special_hours') }}
),

exclusions as (
    select * from {{ ref('int_exclusions') }}
),

-- Rows as text, in the order of the text, so that the same rows are the same in every build.
lines_of_hours as (
    select
        store_id,
        concat_ws(
            ' ', day_of_week, opens_us, closes_us, 'from ' || valid_from_day, 'to ' || valid_to_day
        ) as line,
    from business_hours
),

weeks as (
    select
        store_id,
        string_agg(line, ', ' order by line) as lines,
    from lines_of_hours
    group by store_id
),

lines_of_special_hours as (
    select
        store_id,
        concat_ws(' ', local_day, coalesce(cast(opens_us as varchar), 'closed'), closes_us) as line,
    from special_hours
),

special_days as (
    select
        store_id,
        string_agg(line, ', ' order by line) as lines,
    from lines_of_special_hours
    group by store_id
),

excluded_time as (
    select
        store_key,
        string_agg(started_us || ' ' || ended_us, ', ' order by started_us) as lines,
    from exclusions
    group by store_key
),

described as (
    select
        store_keys.store_key,
        coalesce(timezones.timezone, '{{ var("default_timezone") }}') as timezone,
        timezones.timezone is not null as is_timezone_given,
        md5(concat_ws(
            '; ',
            coalesce(timezones.timezone, '{{ var("default_timezone") }}'),
            'hours ' || coalesce(weeks.lines, 'none'),
            'special days ' || special_days.lines,
            'special days of all ' || special_days_of_all.lines,
            'exclusions ' || excluded_time.lines
        )) as schedule,
    from store_keys
    left join timezones on store_keys.store_id = timezones.store_id
    left join weeks on store_keys.store_id = weeks.store_id
    left join special_days on store_keys.store_id = special_days.store_id
    left join special_days as special_days_of_all on special_days_of_all.store_id = '*'
    left join excluded_time on store_keys.store_key = excluded_time.store_key
)

select
    store_key,
    timezone,
    is_timezone_given,
    schedule,
    min(store_key) over (partition by schedule) as schedule_key,
from described
