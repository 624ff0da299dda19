-- Every store of any input has one row in the report and one for each period. Also fails when there
-- is no store.
with expected as (
    select store_keys.store_id, count(periods.period) as periods
    from {{ ref('int_store_keys') }} as store_keys
    cross join {{ ref('periods') }} as periods
    group by store_keys.store_id
),

reported as (
    select period_uptime.store_id, count(*) as periods
    from {{ ref('period_uptime') }} as period_uptime
    inner join {{ ref('store_report') }} as store_report
        on period_uptime.store_id = store_report.store_id
    group by period_uptime.store_id
)

select
    'not once for each period' as failure,
    coalesce(expected.store_id, reported.store_id) as store_id,
from expected
full outer join reported on expected.store_id = reported.store_id
where expected.periods is distinct from reported.periods

union all

select 'no rows', null
where not exists (select 1 from expected)
