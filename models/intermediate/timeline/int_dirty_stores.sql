{{ config(materialized='view') }}

with marks as (
    select * from {{ source('build', 'marks') }}
),

schedules as (
    select * from {{ ref('int_store_schedules') }}
),

schedules_seen as (
    select * from {{ source('build', 'schedules_seen') }}
),

horizon as (
    select * from {{ ref('int_horizon') }}
),

-- The timeline is to show the horizon, and the days are to show the timeline as it stands.
goals as (
    select 'int_store_timeline' as reader, as_of_us, starts_us from horizon

    union all

    select 'int_store_days', as_of_us, starts_us from marks
    where name = 'int_store_timeline'
),

stores as (
    select 'int_store_timeline' as reader, store_key, schedule from schedules

    union all

    select 'int_store_days', store_key, schedule from schedules_seen
    where reader = 'int_store_timeline'
),

changed_polls as (
    select * from {{ ref('int_changed_polls') }}
    where reader <> 'int_notable_polls'
),

-- Most stores were polled on the day before the first change of all, and older polls are many; of the other
-- stores the last notable poll will do.
polls as (
    select store_key, polled_us from {{ ref('int_polls') }}
    where polled_us > (select min(first_polled_us) - 86400000000 from changed_polls)

    union all

    select store_key, polled_us from {{ ref('int_notable_polls') }}
),

-- What lies before the last poll before the change is as it was; without such a poll, all may be another.
changed as (
    select
        changed_polls.reader,
        changed_polls.store_key,
        coalesce(max(polls.polled_us), 0) as from_us,
    from changed_polls
    left join polls
        on changed_polls.store_key = polls.store_key
        and changed_polls.first_polled_us > polls.polled_us
    group by changed_polls.reader, changed_polls.store_key
)

select
    stores.reader,
    stores.store_key,
    case
        when marks.starts_us = goals.starts_us and schedules_seen.schedule = stores.schedule
            then least(marks.as_of_us, goals.as_of_us, changed.from_us)
        else 0
    end as from_us,
from stores
inner join goals on stores.reader = goals.reader
left join marks on stores.reader = marks.name
left join schedules_seen
    on stores.reader = schedules_seen.reader
    and stores.store_key = schedules_seen.store_key
left join changed
    on stores.reader = changed.reader
    and stores.store_key = changed.store_key
