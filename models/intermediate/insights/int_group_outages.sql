{{ config(materialized='view') }}

-- Having no brand is nothing that stores have in common.
with store_groups as (
    select * from {{ ref('int_store_groups') }}
    where attribute = 'all' or value is not null
),

-- Where the data begin with an outage, when it began is not known.
outages as (
    select
        store_key,
        downtime_us,
        last_seen_up_us,
        first_seen_down_us,
        lag(first_seen_down_us) over (partition by store_key order by first_seen_down_us)
            as previous_seen_down_us,
    from {{ ref('int_outages') }}
    where first_seen_down_us is not null
),

outages_of_groups as (
    select
        store_groups.group_key,
        outages.*,
    from outages
    inner join store_groups on outages.store_key = store_groups.store_key
),

-- What is found after a rest of the poller began sometime in it. That says so little that it reaches
-- no further back than twice as far as what is found sooner.
reaches as (
    select
        group_key,
        2 * cast(quantile_disc(first_seen_down_us - last_seen_up_us, 0.25) as bigint) as reach_us,
    from outages_of_groups
    group by group_key
)

-- An outage begins after the last active poll. That two may have begun within ten minutes of each
-- other is enough; but none begins before the one before it of the same store.
select
    outages.group_key,
    outages.store_key,
    outages.downtime_us,
    outages.first_seen_down_us,
    greatest(
        outages.first_seen_down_us - greatest(reaches.reach_us, 600000000),
        least(outages.last_seen_up_us + 1, outages.first_seen_down_us - 600000000),
        outages.previous_seen_down_us + 1
    ) as earliest_us,
from outages_of_groups as outages
inner join reaches on outages.group_key = reaches.group_key
