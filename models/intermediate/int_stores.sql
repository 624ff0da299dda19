with stores as (
    select * from {{ ref('stg_stores') }}
),

files as (
    select * from {{ source('inputs', 'files_besides_polls') }}
),

-- Of several rows of a store the last holds. File keys follow the order of arrival, which a fresh
-- build does not know.
judged as (
    select
        stores.*,
        case
            when stores.store_id is null then 'missing_store_id'
            when
                row_number() over (
                    partition by stores.store_id order by files.file desc, stores.row_number desc
                ) > 1
                then 'repeated_store'
        end as rejected_as,
    from stores
    left join files on stores.file_key = files.file_key
)

select * from judged
