-- The groups of each attribute add up to all stores, also in the week before, and the parts of each group to
-- its business time. A double of so many seconds may be off in its last digit. Fails when there are none.
{% set quantities = ['business', 'uptime', 'downtime', 'unknown', 'excluded', 'confirmed'] %}

with fleet_periods as (
    select * from {{ ref('fleet_periods') }}
),

groups as (
    select
        attribute,
        period,
        sum(stores) as stores,
        {% for quantity in quantities -%}
        sum(cast({{ quantity }}_seconds as decimal(24, 6))) as {{ quantity }}_seconds,
        {% endfor %}
    from fleet_periods
    group by attribute, period
),

wholes as (
    select
        period,
        count(*) as stores,
        {% for quantity in quantities -%}
        sum(cast({{ quantity }}_seconds as decimal(18, 6))) as {{ quantity }}_seconds,
        {% endfor %}
    from {{ ref('period_uptime') }}
    group by period

    union all

    select
        'week_before',
        count(*),
        {% for quantity in quantities if quantity != 'confirmed' -%}
        coalesce(sum(weeks.{{ quantity }}_us), 0) / 1000000.0,
        {% endfor %}
        (coalesce(sum(weeks.confirmed_uptime_us), 0) + coalesce(sum(weeks.confirmed_downtime_us), 0))
        / 1000000.0,
    from {{ ref('int_store_keys') }} as store_keys
    left join {{ ref('int_week_before') }} as weeks on store_keys.store_key = weeks.store_key
),

differing as (
    select wholes.period, groups.attribute
    from wholes
    left join groups on wholes.period = groups.period
    where
        groups.stores is distinct from wholes.stores
        {% for quantity in quantities -%}
        or abs(groups.{{ quantity }}_seconds - wholes.{{ quantity }}_seconds)
        > 1e-14 * wholes.{{ quantity }}_seconds
        {% endfor %}
)

select 'does not add up' as failure, attribute, period
from differing

union all

select 'its parts do not add up', attribute, period
from fleet_periods
where
    abs(business_seconds - uptime_seconds - downtime_seconds - unknown_seconds - excluded_seconds)
    > 1e-6 + 1e-14 * business_seconds
    or least_uptime_seconds > uptime_seconds
    or most_uptime_seconds < uptime_seconds

union all

select 'no rows', null, null
where not exists (
        select 1 from fleet_periods
        where attribute = 'all'
    )
    or not exists (
        select 1 from fleet_periods
        where attribute = 'timezone'
    )
