{{ config(materialized='view') }}

with stores as (
    select
        store_id as store_of_group,
        store_id,
        cast(null as varchar) as "all",
        columns(
            * exclude (
                store_id,
                is_timezone_given,
                has_business_hours,
                is_always_open,
                first_polled_at,
                last_polled_at,
                last_status
            )
        ),
    from {{ ref('stores') }}
)

select
    store_of_group as store_id,
    attribute,
    value,
from stores
unpivot include nulls (value for attribute in (columns(* exclude (store_of_group))))
