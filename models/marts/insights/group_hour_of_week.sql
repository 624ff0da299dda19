with store_groups as (
    select * from {{ ref('int_store_groups') }}
),

offsets as (
    select * from {{ ref('int_store_offsets') }}
),

horizon as (
    select
        as_of_us - 2419200000000 as starts_us,
        as_of_us,
    from {{ ref('int_horizon') }}
),

-- All stores of a cohort have one zone. Local time counted from Monday 1970-01-05.
in_local_time as (
    select
        store_groups.cohort_key,
        timeline.status,
        timeline.is_confirmed,
        greatest(timeline.started_us, offsets.valid_from_us, horizon.starts_us)
        + offsets.utc_offset_us - 345600000000 as started_us,
        least(timeline.ended_us, offsets.valid_until_us) + offsets.utc_offset_us - 345600000000 as ended_us,
    from {{ ref('int_store_timeline') }} as timeline
    inner join horizon on timeline.ended_us > horizon.starts_us
    inner join store_groups on timeline.store_key = store_groups.store_key
    inner join offsets
        on store_groups.cohort_key = offsets.store_key
        and timeline.started_us < offsets.valid_until_us
        and timeline.ended_us > offsets.valid_from_us
        and horizon.starts_us < offsets.valid_until_us
    where store_groups.attribute = 'all'
),

-- A stretch gives an hour what its start gives less what its end gives, and either gives the rest of the hour
-- in which it lies and all of each hour after that. So no stretch need be taken apart by the hour.
ends as (
    select
        in_local_time.cohort_key,
        in_local_time.status,
        in_local_time.is_confirmed,
        case when changes.change = 1 then in_local_time.started_us else in_local_time.ended_us end as at_us,
        changes.change,
    from in_local_time
    cross join (values (1), (-1)) as changes (change)
),

hours_with_ends as (
    select
        cohort_key,
        status,
        is_confirmed,
        {{ hour_of('at_us') }} as hour,
        cast(sum(change) as bigint) as stretches,
        cast(sum(change * (3600000000 - at_us % 3600000000)) as bigint) as length_us,
    from ends
    group by cohort_key, status, is_confirmed, hour
),

under_way as (
    select
        *,
        cast(sum(stretches) over by_hour as bigint) as stretches_after,
        lead(hour) over by_hour as next_hour,
    from hours_with_ends
    window by_hour as (
        partition by cohort_key, status, is_confirmed order by hour
        rows between unbounded preceding and current row
    )
),

hours as (
    select
        cohort_key,
        status,
        is_confirmed,
        hour % 168 as hour_of_week,
        length_us + (stretches_after - stretches) * 3600000000 as length_us,
    from under_way

    union all

    select
        cohort_key,
        status,
        is_confirmed,
        hour % 168,
        stretches_after * 3600000000,
    from (
        select
            cohort_key,
            status,
            is_confirmed,
            unnest(range(hour + 1, next_hour)) as hour,
            stretches_after,
        from under_way
        where next_hour > hour + 1
    ) as between_ends
),

by_cohort as (
    select
        cohort_key,
        hour_of_week,
        {{ sums_of_time('decimal(24, 0)') }},
    from hours
    group by cohort_key, hour_of_week
),

by_group as (
    select
        store_groups.attribute,
        store_groups.value,
        by_cohort.hour_of_week,
        {{ sums_of_stores('by_cohort') }},
    from by_cohort
    inner join store_groups on by_cohort.cohort_key = store_groups.store_key
    group by store_groups.attribute, store_groups.value, by_cohort.hour_of_week

    union all

    -- No group lacks an hour.
    select
        groups.attribute,
        groups.value,
        hours_of_week.hour_of_week,
        0, 0, 0, 0, 0, 0, 0,
    from (select distinct attribute, value from store_groups) as groups
    cross join range(168) as hours_of_week (hour_of_week)
),

summed as (
    select
        attribute,
        value,
        hour_of_week,
        {{ sums_of_stores('by_group') }},
    from by_group
    group by attribute, value, hour_of_week
)

select
    summed.attribute,
    summed.value,
    cast(summed.hour_of_week // 24 as integer) as day_of_week,
    cast(summed.hour_of_week % 24 as integer) as hour,
    {{ figures_of_group('summed') }},
    {{ timestamp_utc('horizon.as_of_us') }} as as_of,
from summed
cross join horizon
order by summed.attribute, summed.value, summed.hour_of_week
