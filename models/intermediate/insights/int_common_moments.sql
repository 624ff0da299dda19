{{ config(materialized='view') }}

with outages as (
    select * from {{ ref('int_group_outages') }}
),

groups as (
    select
        store_groups.attribute,
        store_groups.value,
        count(*) as stores,
        epoch_us(max(stores.last_polled_at)) - epoch_us(min(stores.first_polled_at)) as observed_us,
    from {{ ref('store_groups') }} as store_groups
    inner join {{ ref('stores') }} as stores on store_groups.store_id = stores.store_id
    where store_groups.attribute <> 'store_id'
    group by store_groups.attribute, store_groups.value
),

events as (
    select attribute, value, earliest_us as at_us, 1 as stores, first_seen_down_us - earliest_us as length_us
    from outages

    union all

    select attribute, value, first_seen_down_us + 1, -1, earliest_us - first_seen_down_us
    from outages
),

changes as (
    select
        attribute,
        value,
        at_us,
        sum(stores) as stores,
        sum(length_us) as length_us,
    from events
    group by attribute, value, at_us
),

-- From each instant to the next, how many outages may begin, and how long that is known of them.
instants as (
    select
        attribute,
        value,
        at_us,
        cast(sum(stores) over by_time as bigint) as stores,
        cast(sum(length_us) over by_time as bigint) as length_us,
        coalesce(lead(at_us) over by_time, at_us) - at_us as lasting_us,
    from changes
    window by_time as (partition by attribute, value order by at_us)
),

levels as (
    select
        attribute,
        value,
        stores,
        stores // 2 as half,
        stores - half as above_half,
        sum(lasting_us) as lasting_us,
    from instants
    group by attribute, value, stores
),

-- How many are usual is a mean over time. Against so many stores no more than half of them count at
-- any one time, so that a crowd is not measured by other crowds.
means as (
    select
        attribute,
        value,
        stores,
        half,
        coalesce(sum(stores * lasting_us) over lower_levels, 0)
        + half
        * (sum(lasting_us) over all_levels - coalesce(sum(lasting_us) over lower_levels, 0))
            as halved_us,
    from levels
    window
        all_levels as (partition by attribute, value),
        lower_levels as (
            partition by attribute, value
            order by stores
            range between unbounded preceding and above_half preceding
        )
),

measured as (
    select
        instants.attribute,
        instants.value,
        instants.at_us,
        instants.stores,
        instants.length_us // nullif(instants.stores, 0) as mean_length_us,
        greatest(mean_length_us - 1, 1) as reach_us,
        groups.stores as stores_of_group,
        greatest(means.halved_us - means.half * mean_length_us, 0) / nullif(groups.observed_us, 0) as usual,
    from instants
    inner join means
        on instants.attribute = means.attribute
        and instants.value is not distinct from means.value
        and instants.stores = means.stores
    inner join groups
        on instants.attribute = groups.attribute
        and instants.value is not distinct from groups.value
),

-- Where many stores fail, some do so together by chance, all the more if all are polled at once.
crowds as (
    select * from measured
    where stores > 2 + 5 * usual + 3 * sqrt(usual)
)

-- The fullest moment of those that may share outages.
select
    attribute,
    value,
    at_us,
    stores_of_group,
from crowds
window
    before as (
        partition by attribute, value
        order by at_us
        range between reach_us preceding and 1 preceding
    ),
    after as (
        partition by attribute, value
        order by at_us
        range between 1 following and reach_us following
    )
qualify
    coalesce(max(stores) over before, 0) < stores
    and coalesce(max(stores) over after, 0) <= stores
