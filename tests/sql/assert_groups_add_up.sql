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

wholes as (
    select
        period,
        count(*) as stores,
        {% for quantity in quantities -%}
        sum(cast({{ quantity }}_seconds as decimal(18, 6))) as {{ quantity }}_seconds,
        {% endfor %}
    from {{ ref('period_uptime') }}
    group by period
),

differing as (
    select groups.attribute, groups.period
    from groups
    anti join wholes
        on groups.period = wholes.period
        and groups.stores = wholes.stores
        {% for quantity in quantities -%}
        and groups.{{ quantity }}_seconds = wholes.{{ quantity }}_seconds
        {% endfor %}
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
