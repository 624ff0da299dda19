with stores as (
    select * from {{ ref('stg_stores') }}
),

files as (
    select * from {{ ref('stg_files') }}
),

-- Of several rows of a store the last holds.
numbered as (
    select
        stores.*,
        row_number() over (
            partition by stores.store_id order by files.place desc, stores.line_number desc
        ) as number_from_last,
        first_value(files.file) over (
            partition by stores.store_id order by files.place desc, stores.line_number desc
            rows between unbounded preceding and unbounded following
        ) as last_file,
    from stores
    inner join files on stores.file_key = files.file_key
)

select
    file_key,
    line_number,
    store_id,
    attributes,
    case
        when rejected_as is not null then rejected_as
        when number_from_last > 1 then 'repeated_store'
    end as rejected_as,
    case when rejected_as is null and number_from_last > 1 then last_file end as overruled_by,
    raw_values,
from numbered
