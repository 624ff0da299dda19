-- The hours of the week of the groups of each attribute add up to the last 28 days of the timeline, and each
-- group has all hours. A double of so many seconds may be off in its last digit. Also fails when there is no
-- timeline.
{% set statuses = {'uptime': 'up', 'downtime': 'down', 'unknown': 'unknown', 'excluded': 'excluded'} %}

with horizon as (
    select as_of_us - 2419200000000 as starts_us from {{ ref('int_horizon') }}
),

timeline as (
    select
        timeline.status,
        timeline.is_confirmed,
        timeline.ended_us - greatest(timeline.started_us, horizon.starts_us) as length_us,
    from {{ ref('int_store_timeline') }} as timeline
    inner join horizon on timeline.ended_us > horizon.starts_us
),

wholes as (
    select
        {% for quantity, status in statuses.items() -%}
        coalesce(sum(length_us) filter (where status = '{{ status }}'), 0) / 1000000.0
            as {{ quantity }}_seconds,
        {% endfor -%}
        coalesce(sum(length_us) filter (where is_confirmed), 0) / 1000000.0 as confirmed_seconds,
    from timeline
),

groups as (
    select
        attribute,
        count(*) as hours,
        count(distinct coalesce('is ' || value, 'none')) as values,
        {% for quantity in statuses -%}
        sum(cast({{ quantity }}_seconds as decimal(24, 6))) as {{ quantity }}_seconds,
        {% endfor -%}
        sum(cast(confirmed_seconds as decimal(24, 6))) as confirmed_seconds,
    from {{ ref('group_hour_of_week') }}
    group by attribute
)

select 'does not add up' as failure, groups.attribute
from wholes
left join groups on true
where
    coalesce(groups.hours, 0) <> 168 * groups.values
    {% for quantity in statuses -%}
    or abs(groups.{{ quantity }}_seconds - wholes.{{ quantity }}_seconds)
    > 1e-13 * wholes.{{ quantity }}_seconds
    {% endfor -%}
    or abs(groups.confirmed_seconds - wholes.confirmed_seconds) > 1e-13 * wholes.confirmed_seconds

union all

select 'no rows', null
where {{ timeline_is_lost() }}
    or not exists (
        select 1 from groups
        where attribute = 'all'
    )
