{{ config(materialized='view') }}

with timeline as (
    select * from {{ ref('int_store_timeline') }}
),

edges as (
    select
        *,
        coalesce(started_us > lag(ended_us) over by_time, true) as is_opening,
        coalesce(ended_us < lead(started_us) over by_time, true) as is_closing,
    from timeline
    window by_time as (partition by store_key order by started_us)
)

select
    store_key,
    started_us,
    ended_us,
    status,
    is_confirmed,
    last_value(case when is_opening then started_us end ignore nulls) over (
        by_time rows between unbounded preceding and current row
    ) as opened_us,
    first_value(case when is_closing then ended_us end ignore nulls) over (
        by_time rows between current row and unbounded following
    ) as closed_us,
from edges
window by_time as (partition by store_key order by started_us)
