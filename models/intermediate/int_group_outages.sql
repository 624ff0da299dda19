{{ config(materialized='view') }}

-- Having no brand is nothing that stores have in common.
with store_groups as (
    select * from {{ ref('store_groups') }}
    where attribute = 'all' or (attribute <> 'store_id' and value is not null)
),

-- Where the data begin with an outage, when it began is not known.
outages as (
    select
        store_id,
        business_seconds_lost,
        epoch_us(last_seen_up_at) as last_seen_up_us,
        epoch_us(first_seen_down_at) as first_seen_down_us,
    from {{ ref('outages') }}
    where first_seen_down_at is not null
),

outages_in_order as (
    select
        *,
        lag(first_seen_down_us) over (
            partition by store_id order by first_seen_down_us
        ) as previous_seen_down_us,
    from outages
),

outages_of_groups as (
    select
        store_groups.attribute,
        store_groups.value,
        outages.*,
    from outages_in_order as outages
    inner join store_groups on outages.store_id = store_groups.store_id
),

-- What is found after a rest of the poller began sometime in it. That says so little that it reaches
-- no further back than twice as far as what is found sooner.
reaches as (
    select
        attribute,
        value,
        2 * cast(quantile_disc(first_seen_down_us - last_seen_up_us, 0.25) as bigint) as reach_us,
    from outages_of_groups
    group by attribute, value
)

-- An outage begins after the last active poll. That two may have begun within ten minutes of each
-- other is enough; but none begins before the one before it of the same store.
select
    outages.attribute,
    outages.value,
    outages.store_id,
    outages.business_seconds_lost,
    outages.first_seen_down_us,
    greatest(
        outages.first_seen_down_us - greatest(reaches.reach_us, 600000000),
        least(outages.last_seen_up_us + 1, outages.first_seen_down_us - 600000000),
        outages.previous_seen_down_us + 1
    ) as earliest_us,
from outages_of_groups as outages
inner join reaches
    on outages.attribute = reaches.attribute
    and outages.value is not distinct from reaches.value
