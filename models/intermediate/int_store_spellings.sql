-- To look for the distinct ids of all polls takes as long as to load half of them. What these first ones
-- and the other inputs do not name, int_polls adds when it finds it.
with polls as (
    select store_id as spelling from {{ source('inputs', 'store_status_of_first_files') }}
    limit 500000  -- noqa: AM09
),

business_hours as (
    select distinct store_id from {{ ref('stg_business_hours') }}
),

timezones as (
    select distinct store_id from {{ ref('stg_timezones') }}
),

store_keys_before as (
    select * from {{ source('inputs', 'store_keys_before') }}
),

-- Blanks are trimmed here, from each spelling once and not from each poll.
spellings as (
    select
        spelling,
        {{ trimmed('spelling') }} as store_id,
        false as is_in_other_inputs,
    from (select distinct spelling from polls) as spellings_of_polls

    union all

    select store_id as spelling, store_id, true
    from business_hours

    union all

    select store_id as spelling, store_id, true
    from timezones

    union all

    select store_id as spelling, store_id, false
    from store_keys_before
),

united as (
    select
        spelling,
        store_id,
        bool_or(is_in_other_inputs) as is_in_other_inputs,
    from spellings
    where store_id <> ''
    group by spelling, store_id
),

keyed as (
    {{ keys_of_stores('united', 'store_keys_before') }}
)

select
    united.spelling,
    united.store_id,
    keyed.store_key,
    united.is_in_other_inputs,
from united
inner join keyed on united.store_id = keyed.store_id
