{{ config(materialized='table', post_hook="{{ keep_malformed_rows('uptime_targets') }}") }}
{% set ratio = trimmed('ratio') %}

with uptime_targets as (
    select * from {{ source('inputs', 'uptime_targets_numbered') }}
),

named as (
    select
        *,
        case lower({{ trimmed('attribute') }})
            when 'store' then 'store_id'
            when '*' then 'all'
            else nullif(lower({{ trimmed('attribute') }}), '')
        end as named_attribute,
        nullif({{ trimmed('value') }}, '') as named_value,
        case
            when regexp_full_match({{ ratio }}, '\d+(\.\d+)?\s*%')
                then cast(try_cast(replace({{ ratio }}, '%', '') as decimal(14, 10)) / 100 as decimal(12, 10))
            else try_cast({{ ratio }} as decimal(12, 10))
        end as target_ratio,
        lower({{ trimmed('period') }}) as calendar_period,
    from uptime_targets
),

judged as (
    select
        *,
        case
            when named_attribute is null or (named_value is null and named_attribute <> 'all')
                then 'missing_group'
            when target_ratio is null or not (target_ratio > 0 and target_ratio <= 1)
                then 'bad_ratio'
            when
                calendar_period is null
                or calendar_period not in ('day', 'week', 'month', 'quarter', 'year')
                then 'bad_period'
        end as rejected_as,
    from named
)

select
    file_key,
    row_number,
    named_attribute as attribute,
    case when named_attribute <> 'all' then named_value end as value,
    target_ratio,
    calendar_period,
    rejected_as,
    {{ raw_values(['attribute', 'ratio', 'period'], ['value']) }} as raw_values,
from judged
