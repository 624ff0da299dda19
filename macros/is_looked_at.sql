{# True of all stores while the timeline has few rows, else of one store in so many that few rows are
   left. Which stores, hangs on the instant of the report, so that all get their turn. #}
{% macro is_looked_at(store_id, rows_max) -%}
    {% set timeline, horizon = ref('int_store_timeline'), ref('int_horizon') %}
    {% set is_built = execute and load_relation(timeline) %}
    {% set found = run_query("
        select
            greatest(1, ceil(count(*) / " ~ rows_max ~ "))::bigint as turns,
            (select hash(as_of_us) from " ~ horizon ~ ") % turns as turn
        from " ~ timeline
    ).rows[0] if is_built else {'turns': 1, 'turn': 0} %}
    {{- 'true' if found.turns == 1 else 'hash(' ~ store_id ~ ') % ' ~ found.turns ~ ' = ' ~ found.turn -}}
{%- endmacro %}
