{{ config(materialized='view') }}

with targets as (
    select distinct
        attribute,
        value,
        calendar_period,
        target_ratio,
    from {{ ref('int_uptime_targets') }}
    where rejected_as is null
),

horizon as (
    select * from {{ ref('int_horizon') }}
),

days as (
    select
        store_keys.store_id,
        date '1970-01-01' + cast(days.local_day as integer) as local_date,
        days.uptime_us,
        days.downtime_us,
    from {{ ref('int_store_days') }} as days
    inner join {{ ref('int_store_keys') }} as store_keys on days.store_key = store_keys.store_key
),

-- The calendar period runs as long as the clock of one of its stores has not left it.
today as (
    select
        store_keys.store_id,
        date '1970-01-01'
        + cast({{ day_of('horizon.as_of_us + offsets.utc_offset_us') }} as integer) as local_date,
    from {{ ref('int_store_offsets') }} as offsets
    inner join horizon
        on offsets.valid_from_us <= horizon.as_of_us
        and offsets.valid_until_us > horizon.as_of_us
    inner join {{ ref('int_store_keys') }} as store_keys on offsets.store_key = store_keys.store_key
),

summed as (
    select
        targets.attribute,
        targets.value,
        targets.calendar_period,
        targets.target_ratio,
        cast(date_trunc(targets.calendar_period, days.local_date) as date) as started_on,
        min(today.local_date) as earliest_date,
        count(distinct days.store_id) as stores,
        coalesce(sum(days.uptime_us), 0) as uptime_us,
        coalesce(sum(days.downtime_us), 0) as downtime_us,
    from targets
    inner join {{ ref('store_groups') }} as store_groups
        on targets.attribute = store_groups.attribute
        and targets.value is not distinct from store_groups.value
    inner join days on store_groups.store_id = days.store_id
    left join today on store_groups.store_id = today.store_id
    group by 1, 2, 3, 4, 5
),

budgets as (
    select
        *,
        cast(
            started_on + case calendar_period
                when 'day' then interval 1 day
                when 'week' then interval 7 day
                when 'month' then interval 1 month
                when 'quarter' then interval 3 month
                else interval 1 year
            end as date
        ) as ended_on,
        (1 - target_ratio) * cast(uptime_us + downtime_us as decimal(24, 0)) as budget_us,
    from summed
)

select
    budgets.attribute,
    budgets.value,
    budgets.calendar_period,
    budgets.started_on,
    budgets.ended_on,
    budgets.ended_on > budgets.earliest_date as is_running,
    budgets.stores,
    cast(budgets.target_ratio as double) as target_ratio,
    budgets.uptime_us / 1000000.0e0 as uptime_seconds,
    budgets.downtime_us / 1000000.0e0 as downtime_seconds,
    {{ ratio('budgets.uptime_us', 'budgets.uptime_us + budgets.downtime_us') }} as uptime_ratio,
    -- Nothing known is neither.
    case
        when budgets.uptime_us + budgets.downtime_us > 0
            then budgets.downtime_us <= budgets.budget_us
    end as is_met,
    budgets.budget_us / 60000000.0e0 as error_budget_minutes,
    (budgets.budget_us - budgets.downtime_us) / 60000000.0e0 as error_budget_left_minutes,
    -- An outage that starts now adds to the time that the ratio is of, too.
    case
        when is_running
            then greatest(budgets.budget_us - budgets.downtime_us, 0) / budgets.target_ratio / 60000000.0e0
    end as longest_outage_allowed_minutes,
from budgets
