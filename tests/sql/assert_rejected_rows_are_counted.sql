-- Every rejected row is counted with its input and reason; fails when rows are set aside and none is counted.
with rejected_rows as (
    select
        input,
        reason,
        count(*) as rows,
        count(distinct file) as files,
    from {{ ref('rejected_rows') }}
    group by input, reason
),

counts as (
    select * from {{ ref('rejected_counts') }}
)

select
    coalesce(rejected_rows.input, counts.input) as input,
    coalesce(rejected_rows.reason, counts.reason) as reason,
    rejected_rows.rows,
    counts.rows as rows_counted,
from rejected_rows
full outer join counts
    on rejected_rows.input = counts.input
    and rejected_rows.reason = counts.reason
where
    rejected_rows.rows is distinct from counts.rows
    or rejected_rows.files is distinct from counts.files
