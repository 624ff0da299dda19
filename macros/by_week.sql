{# CTEs that take spans apart by the weeks that they touch: `<spans>_by_week` has a row for each, so that
   the cost of a join on the week stays linear in the length of the history. A pair meets in each week
   that both touch, and counts in the one in which both have begun. Most spans touch one week, and
   taking those apart costs more than all the rest. #}
{% macro by_week(spans) -%}
{{ spans }}_weeks as (
    select
        *,
        {{ week_of('started_us') }} as first_week,
        {{ week_of('ended_us') }} as last_week,
    from {{ spans }}
),

{{ spans }}_by_week as (
    select
        *,
        first_week as week,
    from {{ spans }}_weeks
    where first_week = last_week

    union all

    select
        *,
        unnest(range(first_week, last_week + 1)) as week,
    from {{ spans }}_weeks
    where first_week < last_week
)
{%- endmacro %}
