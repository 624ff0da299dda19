-- The groups of each attribute add up to all stores, exactly; fails when there are none.
{% set quantities = ['business', 'uptime', 'downtime', 'unknown', 'excluded', 'confirmed'] %}

with groups as (
    select
        attribute,
        period,
        sum(stores) as stores,
        {% for quantity in quantities -%}
        sum({{ quantity }}_seconds) as {{ quantity }}_seconds,
        {% endfor %}
    from {{ ref('group_uptime') }}
    group by attribute, period
),

attributes as (
    select distinct attribute from groups
),

wholes as (
    select
        attributes.attribute,
        period_uptime.period,
        count(*) as stores,
        {% for quantity in quantities -%}
        sum(cast(period_uptime.{{ quantity }}_seconds as decimal(18, 6))) as {{ quantity }}_seconds,
        {% endfor %}
    from {{ ref('period_uptime') }} as period_uptime
    cross join attributes
    group by attributes.attribute, period_uptime.period
),

differing as (
    select * from groups
    except
    select * from wholes
)

select 'does not add up' as failure, attribute, period
from differing

union all

select 'no rows' as failure, null, null
where not exists (
        select 1 from groups
        where attribute = 'all'
    )
    or not exists (
        select 1 from groups
        where attribute = 'timezone'
    )
