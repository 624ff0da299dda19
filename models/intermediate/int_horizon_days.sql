{{ config(meta={'may_stay_the_same': true}, post_hook="{{ compare_rows() }}") }}

with horizon as (
    select * from {{ ref('int_horizon') }}
)

select
    {{ day_of('starts_us') }} - 1 as first_day,
    {{ day_of('as_of_us') }} + 1 as last_day,
    {{ day_of('ahead_until_us') }} + 1 as ahead_until_day,
from horizon
