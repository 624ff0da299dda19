{{ config(materialized='view') }}

-- Having no brand is nothing that stores have in common.
with store_groups as (
    select * from {{ ref('store_groups') }}
    where attribute = 'all' or (attribute <> 'store_id' and value is not null)
),

groups as (
    select
        store_groups.attribute,
        store_groups.value,
        count(*) as stores,
        epoch_us(max(stores.last_polled_at)) - epoch_us(min(stores.first_polled_at)) as observed_us,
    from store_groups
    inner join {{ ref('stores') }} as stores on store_groups.store_id = stores.store_id
    group by store_groups.attribute, store_groups.value
),

-- Where the data begin with an outage, when it began is not known.
outages as (
    select
        store_id,
        first_seen_down_at,
        business_seconds_lost,
        epoch_us(last_seen_up_at) as last_seen_up_us,
        epoch_us(first_seen_down_at) as first_seen_down_us,
    from {{ ref('outages') }}
    where first_seen_down_at is not null
),

-- An outage begins after the last active poll. That two may have begun within ten minutes of each
-- other is enough; but none begins before the one before it of the same store.
beginnings as (
    select
        store_id,
        first_seen_down_at,
        business_seconds_lost,
        first_seen_down_us,
        greatest(
            least(last_seen_up_us + 1, first_seen_down_us - 600000000),
            lag(first_seen_down_us) over (partition by store_id order by first_seen_down_us) + 1
        ) as earliest_us,
        first_seen_down_us - earliest_us as length_us,
    from outages
),

beginnings_of_groups as (
    select
        store_groups.attribute,
        store_groups.value,
        beginnings.*,
    from beginnings
    inner join store_groups on beginnings.store_id = store_groups.store_id
),

events as (
    select attribute, value, earliest_us as at_us, 1 as stores, length_us
    from beginnings_of_groups

    union all

    select attribute, value, first_seen_down_us + 1, -1, -length_us
    from beginnings_of_groups
),

instants as (
    select
        attribute,
        value,
        at_us,
        sum(stores) over by_time as stores,
        sum(length_us) over by_time as length_us,
        sum(greatest(length_us, 0)) over (partition by attribute, value) as length_of_all_us,
    from events
    window by_time as (
        partition by attribute, value order by at_us
        range between unbounded preceding and current row
    )
),

-- So many outages of the group are usual at any one instant, had they come evenly. Where many stores
-- fail, some do so together by chance, all the more if all are polled at once.
crowds as (
    select
        instants.attribute,
        instants.value,
        instants.at_us,
        instants.stores,
        (instants.length_of_all_us - instants.length_us) / groups.observed_us as usual,
        instants.stores > 2 + 5 * usual + 3 * sqrt(usual) as is_crowd,
    from instants
    inner join groups
        on instants.attribute = groups.attribute
        and instants.value is not distinct from groups.value
),

numbered as (
    select
        *,
        sum(cast(is_crowd is not true as integer)) over (
            partition by attribute, value
            order by at_us
            range between unbounded preceding and current row
        ) as crowd,
    from crowds
),

peaks as (
    select
        attribute,
        value,
        at_us,
    from numbered
    where is_crowd
    qualify row_number() over (partition by attribute, value, crowd order by stores desc, at_us asc) = 1
)

select
    peaks.attribute,
    peaks.value,
    min(beginnings.first_seen_down_at) as first_seen_at,
    max(beginnings.first_seen_down_at) as last_seen_at,
    count(*) as stores,
    count(*) / any_value(groups.stores) as share_of_stores,
    {{ exact_sum('beginnings.business_seconds_lost') }} as business_seconds_lost,
    list(beginnings.store_id order by beginnings.store_id asc) as store_ids,
from peaks
inner join groups
    on peaks.attribute = groups.attribute
    and peaks.value is not distinct from groups.value
inner join beginnings_of_groups as beginnings
    on peaks.attribute = beginnings.attribute
    and peaks.value is not distinct from beginnings.value
    and peaks.at_us between beginnings.earliest_us and beginnings.first_seen_down_us
group by peaks.attribute, peaks.value, peaks.at_us
