{{ config(materialized='view') }}

-- Having no brand is nothing that stores have in common.
with store_groups as (
    select * from {{ ref('store_groups') }}
    where attribute = 'all' or (attribute <> 'store_id' and value is not null)
),

-- Where the data begin with an outage, when it began is not known.
outages as (
    select
        store_keys.store_id,
        outages.downtime_us / 1000000.0e0 as business_seconds_lost,
        outages.last_seen_up_us,
        outages.first_seen_down_us,
        lag(outages.first_seen_down_us) over (
            partition by store_keys.store_id order by outages.first_seen_down_us
        ) as previous_seen_down_us,
    from {{ ref('int_outages') }} as outages
    inner join {{ ref('int_store_keys') }} as store_keys on outages.store_key = store_keys.store_key
    where outages.first_seen_down_us is not null
),

outages_of_groups as (
    select
        store_groups.attribute,
        store_groups.value,
        outages.*,
    from outages
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
