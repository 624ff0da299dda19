-- The hours of the week add up to the timeline. Taking a long history apart by the hour costs more than
-- most of a build, so of that each build looks at other stores. Also fails when there is no timeline.
with timeline as (
    select
        store_id,
        status,
        cast(sum(cast(duration_seconds as decimal(18, 6))) as decimal(30, 6)) as seconds,
    from {{ ref('store_timeline') }}
    where {{ is_looked_at('store_id', 20000) }}
    group by store_id, status
),

hours_of_the_week as (
    select * from {{ ref('store_hour_of_week') }}
    where {{ is_looked_at('store_id', 20000) }}
),

hours as (
    {% for figure, status in [
        ('uptime', 'up'), ('downtime', 'down'), ('unknown', 'unknown'), ('excluded', 'excluded')
    ] -%}
    select
        store_id,
        '{{ status }}' as status,
        cast(sum(cast({{ figure }}_seconds as decimal(18, 6))) as decimal(30, 6)) as seconds,
    from hours_of_the_week
    group by store_id
    {{ 'union all' if not loop.last }}
    {% endfor -%}
)

select 'does not add up' as failure, coalesce(hours.store_id, timeline.store_id) as store_id
from hours
full outer join timeline
    on hours.store_id = timeline.store_id
    and hours.status = timeline.status
where coalesce(hours.seconds, 0) <> coalesce(timeline.seconds, 0)

union all

select 'no rows' as failure, null
where {{ timeline_is_lost() }}
