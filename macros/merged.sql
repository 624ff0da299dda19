{# CTEs that unite the spans of a store that overlap or touch: `<spans>_merged` has the key of the store
   and the two columns of `spans`. No two spans of a store may start at the same time, as both
   windows must see them in one order. count_if, as count(*) with a filter takes a time that grows with
   the square of a store's spans. #}
{% macro merged(spans, starts, ends) -%}
{{ spans }}_reached as (
    select
        *,
        max({{ ends }}) over (
            partition by store_key order by {{ starts }}
            rows between unbounded preceding and 1 preceding
        ) as reached,
    from {{ spans }}
),

{{ spans }}_numbered as (
    select
        *,
        count_if(reached is null or {{ starts }} > reached) over (
            partition by store_key order by {{ starts }} rows unbounded preceding
        ) as island,
    from {{ spans }}_reached
),

{{ spans }}_merged as (
    select
        store_key,
        min({{ starts }}) as {{ starts }},
        max({{ ends }}) as {{ ends }},
    from {{ spans }}_numbered
    group by store_key, island
)
{%- endmacro %}
