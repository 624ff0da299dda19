{{ config(materialized='incremental', incremental_strategy='replace_files') }}

with polls as (
    select * from {{ ref('int_polls') }}
),

new_files as (
    select file_key from {{ source('lake', 'versions') }}
    where added_load > {{ load_seen() }}
)

select
    polls.file_key,
    polls.polled_us - polls.polled_us % 60000000 as minute_us,
    min(polls.polled_us) as first_polled_us,
    max(polls.polled_us) as last_polled_us,
from polls
inner join new_files on polls.file_key = new_files.file_key
group by 1, 2
