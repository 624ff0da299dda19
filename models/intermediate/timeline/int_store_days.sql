{{ config(
    materialized='incremental',
    incremental_strategy='replace_days',
    pre_hook="{{ note_dirty_stores() }}",
    post_hook="{{ note_schedules_seen() }}",
    meta={'seen': "select as_of_us, starts_us from build.marks where name = 'int_store_timeline'"},
) }}

select * from {{ ref('int_dirty_days') }}
