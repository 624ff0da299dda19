{# Figures of groups of stores for [from_at, to_at). `stores_in_groups` is a list of {'store_id', 'value'}: what the
   stores of a group have in common. One row per value. #}
{% macro group_uptime_between_sql() %}
create or replace macro main.group_uptime_between(from_at, to_at, stores_in_groups) as table
with stores as (
    select unnest(stores_in_groups, recursive := true)
),

summed as (
    select
        stores.value,
        count(*) as stores,
        {{ sums_of_figures('figures') }},
    from main.uptime_between(from_at, to_at) as figures
    inner join stores on figures.store_id = stores.store_id
    group by stores.value
)

select
    *,
    {{ ratio('uptime_seconds', 'uptime_seconds + downtime_seconds') }} as uptime_ratio,
    {{ ratio('confirmed_seconds', 'business_seconds - excluded_seconds') }} as coverage_ratio,
from summed;
{% endmacro %}
