with uptime_targets as (
    select * from {{ source('lake', 'uptime_targets') }}
    where removed_load is null
),

named as (
    select
        *,
        case lower(attribute)
            when 'store' then 'store_id'
            when '*' then 'all'
            else nullif(lower(attribute), '')
        end as named_attribute,
        nullif(value, '') as named_value,
        case
            when regexp_full_match(ratio, '\d+(\.\d+)?\s*%')
                then cast(try_cast(trim(replace(ratio, '%', '')) as decimal(14, 10)) / 100 as decimal(12, 10))
            else try_cast(ratio as decimal(12, 10))
        end as target_ratio,
        lower(period) as calendar_period,
    from uptime_targets
)

select
    file_key,
    line_number,
    named_attribute as attribute,
    case when named_attribute <> 'all' then named_value end as value,
    target_ratio,
    calendar_period,
    case
        when set_aside_as is not null then set_aside_as
        when named_attribute is null or (named_value is null and named_attribute <> 'all')
            then 'missing_group'
        when target_ratio is null or not (target_ratio > 0 and target_ratio <= 1)
            then 'bad_ratio'
        when
            calendar_period is null
            or calendar_period not in ('day', 'week', 'month', 'quarter', 'year')
            then 'bad_period'
    end as rejected_as,
    raw_values,
from named
