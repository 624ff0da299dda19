with rejected_rows as (
    select * from {{ ref('rejected_rows') }}
),

-- The sample is the first of them; a poll that contradicts another stands without its line.
counted as (
    select
        input,
        reason,
        count(*) as rows,
        count(distinct file) as files,
        min(struct_pack(file := file, line := coalesce(line_number, 0), raw_values := raw_values)) as sample,
    from rejected_rows
    group by input, reason
)

select
    input,
    reason,
    rows,
    files,
    sample.file as sample_file,
    nullif(sample.line, 0) as sample_line,
    sample.raw_values as sample_row,
from counted
order by input, reason
