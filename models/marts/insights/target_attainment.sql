with targets as (
    select distinct
        attribute,
        value,
        calendar_period,
        target_ratio,
    from {{ ref('int_uptime_targets') }}
    where rejected_as is null
),

time as (
    select * from {{ ref('int_target_time') }}
),

budgets as (
    select
        time.*,
        targets.target_ratio,
        cast(
            case time.calendar_period
                when 'day' then time.started_on + interval 1 day
                when 'week' then time.started_on + interval 7 day
                when 'month' then time.started_on + interval 1 month
                when 'quarter' then time.started_on + interval 3 month
                else time.started_on + interval 1 year
            end as date
        ) as ended_on,
        (1 - targets.target_ratio) * cast(time.uptime_us + time.downtime_us as decimal(24, 0)) as budget_us,
    from time
    inner join targets
        on time.attribute = targets.attribute
        and time.value is not distinct from targets.value
        and time.calendar_period = targets.calendar_period
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
    {{ ratio(
        'budgets.confirmed_uptime_us + budgets.confirmed_downtime_us', 'budgets.business_us - budgets.excluded_us'
    ) }} as coverage_ratio,
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
    {{ ratio_bounds('budgets') }},
    {{ is_enough('coverage_ratio') }} as is_enough,
from budgets
