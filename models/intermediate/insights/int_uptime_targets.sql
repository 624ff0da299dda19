with uptime_targets as (
    select * from {{ ref('stg_uptime_targets') }}
),

known_groups as (
    select distinct attribute, value from {{ ref('store_groups') }}
)

select
    uptime_targets.* exclude (rejected_as),
    case
        when uptime_targets.rejected_as is not null then uptime_targets.rejected_as
        when known_groups.attribute is null then 'unknown_group'
    end as rejected_as,
from uptime_targets
left join known_groups
    on uptime_targets.attribute = known_groups.attribute
    and uptime_targets.value is not distinct from known_groups.value
