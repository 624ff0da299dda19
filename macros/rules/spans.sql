{# CTEs that unite the spans of a store, or of another `key`, that overlap or touch: `<spans>_merged`
   has the key and the two columns of `spans`. No two spans of a key may start at the same time, as both
   windows must see them in one order. count_if, as count(*) with a filter takes a time that grows with
   the square of a key's spans. #}
{% macro merged(spans, starts, ends, key='store_key') -%}
{{ spans }}_reached as (
    select
        *,
        max({{ ends }}) over (
            partition by {{ key }} order by {{ starts }}
            rows between unbounded preceding and 1 preceding
        ) as reached,
    from {{ spans }}
),

{{ spans }}_numbered as (
    select
        *,
        count_if(reached is null or {{ starts }} > reached) over (
            partition by {{ key }} order by {{ starts }} rows unbounded preceding
        ) as island,
    from {{ spans }}_reached
),

{{ spans }}_merged as (
    select
        {{ key }},
        min({{ starts }}) as {{ starts }},
        max({{ ends }}) as {{ ends }},
    from {{ spans }}_numbered
    group by {{ key }}, island
)
{%- endmacro %}


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


{# The CTE `in_business_time`, and those that it needs: statuses cut to business windows, with what the
   policy makes of those that are excluded. #}
{% macro in_business_time(statuses, business_windows) -%}
{{ by_week(statuses) }},

{{ by_week(business_windows) }},

in_business_time as (
    select
        statuses.* replace (
            greatest(statuses.started_us, business_windows.started_us) as started_us,
            least(statuses.ended_us, business_windows.ended_us) as ended_us,
            case
                when business_windows.is_excluded
                    then {{ "'up'" if var('exclusions') == 'count_up' else "'excluded'" }}
                else statuses.status
            end as status,
            statuses.is_confirmed and not business_windows.is_excluded as is_confirmed
        ),
    from {{ statuses }}_by_week as statuses
    inner join {{ business_windows }}_by_week as business_windows
        on statuses.schedule_key = business_windows.schedule_key
        and statuses.week = business_windows.week
        and statuses.week = greatest(statuses.first_week, business_windows.first_week)
        and statuses.started_us < business_windows.ended_us
        and statuses.ended_us > business_windows.started_us
)
{%- endmacro %}
