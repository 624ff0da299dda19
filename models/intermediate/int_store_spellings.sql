with polls as (
    select distinct spelling from {{ ref('stg_store_status') }}
),

business_hours as (
    select distinct store_id from {{ ref('stg_business_hours') }}
),

timezones as (
    select distinct store_id from {{ ref('stg_timezones') }}
),

-- Blanks are trimmed here, from each spelling once and not from each poll: a condition on the trimmed id
-- would be checked for each poll, so the empty one stays.
spellings as (
    select
        spelling,
        trim(spelling) as store_id,
        true as is_in_polls,
    from polls

    union all

    select
        store_id as spelling,
        store_id,
        false as is_in_polls,
    from business_hours

    union all

    select
        store_id as spelling,
        store_id,
        false as is_in_polls,
    from timezones
)

select
    spelling,
    store_id,
    bool_or(is_in_polls) as is_in_polls,
from spellings
group by spelling, store_id
