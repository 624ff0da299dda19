with horizon as (
    select
        as_of_us - 604800000000 as starts_us,
        as_of_us,
    from {{ ref('int_horizon') }}
),

open_time as (
    select
        timeline.store_key,
        greatest(timeline.started_us, horizon.starts_us) as started_us,
        least(timeline.ended_us, horizon.as_of_us) as ended_us,
        exclusions.store_key is not null as is_excluded,
    from {{ ref('int_store_timeline') }} as timeline
    inner join horizon on timeline.ended_us > horizon.starts_us
    left join {{ ref('int_exclusions') }} as exclusions
        on timeline.store_key = exclusions.store_key
        and timeline.started_us >= exclusions.started_us
        and timeline.started_us < exclusions.ended_us
),

-- The end of a row less the open time so far is the same for rows that touch, so it tells one stretch
-- from the next.
numbered as (
    select
        *,
        ended_us - sum(ended_us - started_us) over (
            partition by store_key, is_excluded order by started_us rows unbounded preceding
        ) as stretch_id,
    from open_time
)

select
    store_key,
    min(started_us) as started_us,
    max(ended_us) as ended_us,
    is_excluded,
from numbered
group by store_key, is_excluded, stretch_id
