-- Every store is on the board once, the shares of the downtime are all of it, and the groups of each
-- attribute count every store once, by what the board says of it. Fails when there are none.
{% set statuses = ['down', 'not_heard_from', 'unknown', 'up', 'closed', 'excluded'] %}

with board as (
    select
        count(*) as stores,
        count(distinct store_id) as stores_once,
        coalesce(sum(week_downtime_share), 1) as shares,
        {% for status in statuses -%}
        count_if(current_status = '{{ status | replace("_", " ") }}') as {{ status }},
        {% endfor %}
    from {{ ref('store_board') }}
),

known as (
    select count(*) as stores from {{ ref('int_store_keys') }}
),

groups as (
    select
        attribute,
        sum(stores) as stores,
        {% for status in statuses -%}
        sum({{ status }}) as {{ status }},
        {% endfor %}
    from {{ ref('group_status') }}
    group by attribute
)

select 'not every store once' as failure, null as attribute
from board
cross join known
where
    board.stores <> known.stores
    or board.stores_once <> known.stores
    or known.stores = 0
    or abs(board.shares - 1) > 1e-9

union all

select 'does not add up', groups.attribute
from board
left join groups on true
where
    coalesce(groups.stores, 0) <> board.stores
    {% for status in statuses -%}
    or groups.{{ status }} <> board.{{ status }}
    {% endfor %}
    or board.stores <> board.{{ statuses | join(' + board.') }}
