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
        coalesce(days.confirmed_uptime_us, 0) + coalesce(days.confirmed_downtime_us, 0) as confirmed_us,
        days.business_us - coalesce(days.excluded_us, 0) as counting_us,
    from {{ ref('int_store_days') }} as days
    inner join {{ ref('int_store_keys') }} as store_keys on days.store_key = store_keys.store_key
),

-- What the clock of each store shows where the data begin and end.
clocks as (
    select
        store_keys.store_id,
        max(horizon.starts_us + offsets.utc_offset_us) filter (
            where horizon.starts_us between offsets.valid_from_us and offsets.valid_until_us - 1
        ) as starts_local_us,
        max(horizon.as_of_us + offsets.utc_offset_us) filter (
            where horizon.as_of_us between offsets.valid_from_us and offsets.valid_until_us - 1
        ) as as_of_local_us,
    from {{ ref('int_store_offsets') }} as offsets
    inner join {{ ref('int_store_keys') }} as store_keys on offsets.store_key = store_keys.store_key
    cross join horizon
    group by store_keys.store_id
),

summed as (
    select
        targets.attribute,
        targets.value,
        targets.calendar_period,
        targets.target_ratio,
        cast(date_trunc(targets.calendar_period, days.local_date) as date) as started_on,
        max(clocks.starts_local_us) as starts_local_us,
        min(clocks.as_of_local_us) as as_of_local_us,
        count(distinct days.store_id) as stores,
        coalesce(sum(days.uptime_us), 0) as uptime_us,
        coalesce(sum(days.downtime_us), 0) as downtime_us,
        sum(days.confirmed_us) as confirmed_us,
        sum(days.counting_us) as counting_us,
    from targets
    inner join {{ ref('store_groups') }} as store_groups
        on targets.attribute = store_groups.attribute
        and targets.value is not distinct from store_groups.value
    inner join days on store_groups.store_id = days.store_id
    left join clocks on store_groups.store_id = clocks.store_id
    group by
        targets.attribute,
        targets.value,
        targets.calendar_period,
        targets.target_ratio,
        started_on
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
    budgets.as_of_local_us < epoch_us(budgets.ended_on) as is_running,
    budgets.starts_local_us > epoch_us(budgets.started_on) as is_start_cut,
    budgets.stores,
    cast(budgets.target_ratio as double) as target_ratio,
    budgets.uptime_us / 1000000.0e0 as uptime_seconds,
    budgets.downtime_us / 1000000.0e0 as downtime_seconds,
    {{ ratio('budgets.uptime_us', 'budgets.uptime_us + budgets.downtime_us') }} as uptime_ratio,
    {{ ratio('budgets.confirmed_us', 'budgets.counting_us') }} as coverage_ratio,
    -- Where nothing is known, the target is neither met nor missed.
    case
        when budgets.uptime_us + budgets.downtime_us > 0
            then budgets.downtime_us <= budgets.budget_us
    end as is_met,
    budgets.budget_us / 60000000.0e0 as error_budget_minutes,
    (budgets.budget_us - budgets.downtime_us) / 60000000.0e0 as error_budget_left_minutes,
    -- An outage that starts now also adds to the time that the ratio is a share of.
    case
        when is_running
            then greatest(budgets.budget_us - budgets.downtime_us, 0) / budgets.target_ratio / 60000000.0e0
    end as longest_outage_allowed_minutes,
from budgets
