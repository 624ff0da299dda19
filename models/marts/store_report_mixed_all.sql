{{ config(materialized='view') }}

with period_uptime as (
    select * from {{ ref('period_uptime') }}
)

select
    store_id,
    {{ all_report_columns('hours', 3600) }}
from period_uptime
group by store_id
order by store_id
