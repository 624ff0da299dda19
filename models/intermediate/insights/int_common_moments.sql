{{ config(materialized='view') }}

with outages as (
    select * from {{ ref('int_group_outages') }}
),

polled as (
    select
        store_key,
        min(started_us) as first_polled_us,
        max(last_polled_us) as last_polled_us,
    from {{ ref('int_status_runs') }}
    group by store_key
),

groups as (
    select
        store_groups.group_key,
        count(*) as stores,
        max(polled.last_polled_us) - min(polled.first_polled_us) as observed_us,
    from {{ ref('int_store_groups') }} as store_groups
    left join polled on store_groups.store_key = polled.store_key
    group by store_groups.group_key
),

events as (
    select group_key, earliest_us as at_us, 1 as stores, first_seen_down_us - earliest_us as length_us
    from outages

    union all

    select group_key, first_seen_down_us + 1, -1, earliest_us - first_seen_down_us
    from outages
),

-- From each instant to the next, how many outages may begin, and how long that is known of them. Events of
-- one instant are as many equal rows, the last of which lasts.
instants as (
    select
        group_key,
        at_us,
        cast(sum(stores) over by_time as bigint) as stores,
        cast(sum(length_us) over by_time as bigint) as length_us,
        coalesce(lead(at_us) over by_time, at_us) - at_us as lasting_us,
    from events
    window by_time as (partition by group_key order by at_us)
),

levels as (
    select
        group_key,
        stores,
        stores // 2 as half,
        stores - half as above_half,
        sum(lasting_us) as lasting_us,
    from instants
    group by group_key, stores
),

-- How many are usual is a mean over time. Against so many stores no more than half of them count at
-- any one time, so that a crowd is not measured by other crowds.
means as (
    select
        group_key,
        stores,
        half,
        coalesce(sum(stores * lasting_us) over lower_levels, 0)
        + half
        * (sum(lasting_us) over all_levels - coalesce(sum(lasting_us) over lower_levels, 0))
            as halved_us,
    from levels
    window
        all_levels as (partition by group_key),
        lower_levels as (
            partition by group_key
            order by stores
            range between unbounded preceding and above_half preceding
        )
),

measured as (
    select
        instants.group_key,
        instants.at_us,
        instants.stores,
        instants.length_us // nullif(instants.stores, 0) as mean_length_us,
        greatest(mean_length_us - 1, 1) as reach_us,
        groups.stores as stores_of_group,
        greatest(means.halved_us - means.half * mean_length_us, 0) / nullif(groups.observed_us, 0) as usual,
    from instants
    inner join means
        on instants.group_key = means.group_key
        and instants.stores = means.stores
    inner join groups on instants.group_key = groups.group_key
),

-- Where many stores fail, some do so together by chance, all the more if all are polled at once.
crowds as (
    select * from measured
    where stores > 2 + 5 * usual + 3 * sqrt(usual)
)

-- The fullest moment of those that may share outages.
select distinct
    group_key,
    at_us,
    stores_of_group,
from crowds
window
    before as (
        partition by group_key
        order by at_us
        range between reach_us preceding and 1 preceding
    ),
    after as (
        partition by group_key
        order by at_us
        range between 1 following and reach_us following
    )
qualify
    coalesce(max(stores) over before, 0) < stores
    and coalesce(max(stores) over after, 0) <= stores
