{{ config(materialized='view') }}

with targets as (
    select distinct
        attribute,
        value,
        calendar_period,
    from {{ ref('int_uptime_targets') }}
    where rejected_as is null
),

groups as (
    select * from {{ ref('int_store_groups') }}
),

horizon as (
    select * from {{ ref('int_horizon') }}
),

-- Targets of single stores, and of what only labels stores.
stores_of_targets as (
    select distinct
        targets.attribute,
        targets.value,
        store_keys.store_key,
    from targets
    inner join {{ ref('store_groups') }} as store_groups
        on targets.attribute = store_groups.attribute
        and targets.value is not distinct from store_groups.value
    inner join {{ ref('int_store_keys') }} as store_keys on store_groups.store_id = store_keys.store_id
    where targets.attribute not in (select attribute from groups)
),

-- Time is added up by cohort, and for those by store; such a unit has the key of its store, below 0.
units as (
    select store_key, cohort_key as unit_key
    from groups
    where attribute = 'all'

    union all

    select distinct store_key, -store_key
    from stores_of_targets
),

units_of_targets as (
    select attribute, value, cohort_key as unit_key
    from groups
    where store_key = cohort_key

    union all

    select attribute, value, -store_key
    from stores_of_targets
),

-- What the clock of each unit, whose stores have one zone, shows where the data begin and end.
clocks as (
    select
        units.unit_key,
        max(horizon.starts_us + offsets.utc_offset_us) filter (
            where horizon.starts_us between offsets.valid_from_us and offsets.valid_until_us - 1
        ) as starts_local_us,
        max(horizon.as_of_us + offsets.utc_offset_us) filter (
            where horizon.as_of_us between offsets.valid_from_us and offsets.valid_until_us - 1
        ) as as_of_local_us,
    from (select distinct unit_key from units) as units
    inner join {{ ref('int_store_offsets') }} as offsets on abs(units.unit_key) = offsets.store_key
    cross join horizon
    group by units.unit_key
),

-- The days are named where they are read, as DuckDB would write down a CTE that is read twice.
dates as (
    select distinct local_day from {{ ref('int_store_days') }}
),

periods as (
    select distinct calendar_period from targets
),

calendar as (
    select
        periods.calendar_period,
        dates.local_day,
        cast(date_trunc(periods.calendar_period, {{ date_of('dates.local_day') }}) as date) as started_on,
    from dates
    cross join periods
),

days_of_units as (
    select
        units.unit_key,
        days.local_day,
        {{ sums_of_stores('days') }},
    from {{ ref('int_store_days') }} as days
    inner join units on days.store_key = units.store_key
    group by units.unit_key, days.local_day
),

stores_of_units as (
    select
        units.unit_key,
        calendar.calendar_period,
        calendar.started_on,
        count(distinct days.store_key) as stores,
    from {{ ref('int_store_days') }} as days
    inner join units on days.store_key = units.store_key
    inner join calendar on days.local_day = calendar.local_day
    group by units.unit_key, calendar.calendar_period, calendar.started_on
),

time_of_units as (
    select
        stores_of_units.unit_key,
        stores_of_units.calendar_period,
        stores_of_units.started_on,
        stores_of_units.stores,
        {{ sums_of_stores('days_of_units') }},
    from stores_of_units
    inner join calendar
        on stores_of_units.calendar_period = calendar.calendar_period
        and stores_of_units.started_on = calendar.started_on
    inner join days_of_units
        on stores_of_units.unit_key = days_of_units.unit_key
        and calendar.local_day = days_of_units.local_day
    group by
        stores_of_units.unit_key,
        stores_of_units.calendar_period,
        stores_of_units.started_on,
        stores_of_units.stores
)

select
    targets.attribute,
    targets.value,
    targets.calendar_period,
    time_of_units.started_on,
    max(clocks.starts_local_us) as starts_local_us,
    min(clocks.as_of_local_us) as as_of_local_us,
    cast(sum(time_of_units.stores) as bigint) as stores,
    {{ sums_of_stores('time_of_units') }},
from targets
inner join units_of_targets
    on targets.attribute = units_of_targets.attribute
    and targets.value is not distinct from units_of_targets.value
inner join time_of_units
    on units_of_targets.unit_key = time_of_units.unit_key
    and targets.calendar_period = time_of_units.calendar_period
left join clocks on units_of_targets.unit_key = clocks.unit_key
group by
    targets.attribute,
    targets.value,
    targets.calendar_period,
    time_of_units.started_on
