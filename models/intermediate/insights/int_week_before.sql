with horizon as (
    select
        as_of_us - 1209600000000 as started_us,
        as_of_us - 604800000000 as ended_us,
    from {{ ref('int_horizon') }}
),

clipped as (
    select
        timeline.store_key,
        timeline.status,
        timeline.is_confirmed,
        least(timeline.ended_us, horizon.ended_us)
        - greatest(timeline.started_us, horizon.started_us) as length_us,
    from {{ ref('int_store_timeline') }} as timeline
    inner join horizon
        on timeline.started_us < horizon.ended_us
        and timeline.ended_us > horizon.started_us
)

select
    store_key,
    {{ sums_of_time() }},
from clipped
group by store_key
