-- On each date the groups of each attribute add up to all stores. A double of so many seconds may be off in
-- its last digit. Also fails when there is no timeline.
{% set quantities = ['business', 'uptime', 'downtime', 'unknown', 'excluded', 'confirmed'] %}

with groups as (
    select
        attribute,
        date,
        sum(stores) as stores,
        {% for quantity in quantities -%}
        sum(cast({{ quantity }}_seconds as decimal(24, 6))) as {{ quantity }}_seconds,
        {% endfor %}
    from {{ ref('daily_group_uptime') }}
    group by attribute, date
),

days as (
    select
        date '1970-01-01' + cast(local_day as integer) as date,
        count(*) as stores,
        {% for quantity in quantities if quantity != 'confirmed' -%}
        coalesce(sum({{ quantity }}_us), 0) / 1000000.0 as {{ quantity }}_seconds,
        {% endfor %}
        (coalesce(sum(confirmed_uptime_us), 0) + coalesce(sum(confirmed_downtime_us), 0)) / 1000000.0
            as confirmed_seconds,
    from {{ ref('int_store_days') }}
    group by local_day
),

attributes as (
    select distinct attribute from {{ ref('int_store_groups') }}
)

select 'does not add up' as failure, attributes.attribute, days.date
from days
cross join attributes
left join groups on days.date = groups.date and attributes.attribute = groups.attribute
where
    groups.stores is distinct from days.stores
    {% for quantity in quantities -%}
    or abs(groups.{{ quantity }}_seconds - days.{{ quantity }}_seconds) > 1e-14 * days.{{ quantity }}_seconds
    {% endfor %}

union all

select 'not a day of the stores', groups.attribute, groups.date
from groups
where groups.date not in (select date from days)

union all

select 'no rows', null, null
where {{ timeline_is_lost() }}
    or not exists (select 1 from attributes)
