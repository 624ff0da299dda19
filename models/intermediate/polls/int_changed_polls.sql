{{ config(materialized='view') }}

with stores as (
    select * from {{ ref('int_known_stores') }}
),

store_status as (
    select * from {{ source('lake', 'store_status') }}
    where is_active is not null and polled_us >= {{ first_poll_us() }}
),

versions as (
    select * from {{ source('lake', 'versions') }}
),

run as (
    select * from {{ source('build', 'run') }}
),

readers as (
    select * from {{ source('build', 'marks') }}
    where
        name in ('int_notable_polls', 'int_store_timeline', 'int_store_days')
        and not coalesce(load = 0, true)
),

new_files as (
    select readers.name as reader, versions.file_key
    from versions
    inner join readers on versions.added_load > readers.load
    where versions.removed_load is null
),

-- Read twice by its name, as DuckDB would write down all rows of a CTE that is read twice.
came as (
    select new_files.reader, polls.store_key, min(polls.polled_us) as polled_us
    from {{ ref('int_polls') }} as polls
    inner join new_files on polls.file_key = new_files.file_key
    group by new_files.reader, polls.store_key
),

went as (
    select readers.name as reader, stores.store_key, min(store_status.polled_us) as polled_us
    from store_status
    inner join readers
        on store_status.removed_load > readers.load
        and store_status.added_load <= readers.load
    inner join stores on store_status.store_id = stores.store_id
    group by readers.name, stores.store_key
),

limits as (
    select
        readers.name as reader,
        least(readers.as_of_us, run.limit_us) as from_us,
        greatest(readers.as_of_us, run.limit_us) as until_us,
    from readers
    cross join run
    where readers.name = 'int_notable_polls'
),

-- What lay beyond the last limit counts now, or the other way round. Not a join, for which DuckDB would read
-- all polls.
beyond as (
    select store_key, polled_us from {{ ref('int_polls') }}
    where
        polled_us > (select from_us from limits)
        and polled_us <= (select until_us from limits)
),

limited as (
    select limits.reader, beyond.store_key, min(beyond.polled_us) as polled_us
    from beyond
    cross join limits
    group by limits.reader, beyond.store_key
),

changed as (
    select * from came
    union all
    select * from went
    union all
    select * from limited
)

select
    reader,
    store_key,
    min(polled_us) as first_polled_us,
from changed
group by reader, store_key
