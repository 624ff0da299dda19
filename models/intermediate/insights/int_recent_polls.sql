{{ config(materialized='view') }}

with polls as (
    select * from {{ ref('int_polls') }}
),

horizon as (
    select
        as_of_us,
        {{ polls_kept_from_us('as_of_us') }} as kept_from_us,
    from {{ ref('int_horizon') }}
),

recent as (
    select polls.store_key, polls.polled_us, polls.is_active
    from polls
    where
        polls.polled_us >= (select kept_from_us from horizon)
        and polls.polled_us <= (select as_of_us from horizon)
),

-- What the rows of one instant say together is known, so that the many that stand alone need not
-- be sorted.
repeated as (
    select notable.store_key, notable.polled_us, notable.is_active
    from {{ ref('int_notable_polls') }} as notable
    inner join horizon on notable.polled_us between horizon.kept_from_us and horizon.as_of_us
    where notable.repeats > 0
)

-- Not a join, for which DuckDB would hash the many rather than the few.
select store_key, polled_us, is_active
from recent
where (store_key, polled_us) not in (select store_key, polled_us from repeated)

union all

select store_key, polled_us, is_active
from repeated
