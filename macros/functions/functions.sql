{# The statements that make what readers have besides tables, in the catalog in use: the report in the shapes of
   its file, and functions; `timestamp` is in UTC. #}
{% macro functions_sql() %}
    {% do return(
        uptime_between_sql() ~ group_uptime_between_sql() ~ explain_uptime_sql() ~ period_uptime_as_of_sql()
        ~ store_report_sql('minutes', report_columns('min', 60))
        ~ store_report_sql('mixed', report_columns('hours', 3600))
        ~ store_report_sql('minutes_all', all_report_columns('min', 60))
        ~ store_report_sql('mixed_all', all_report_columns('hours', 3600))
    ) %}
{% endmacro %}


{# The report as its file shows it, of now and of another instant. One row per store. #}
{% macro store_report_sql(shape, columns) %}
create or replace view main.store_report_{{ shape }} as
select
    store_id,
    {{ columns }}
from main.period_uptime
group by store_id
order by store_id;

create or replace macro main.store_report_{{ shape }}_as_of(as_of_at) as table
select
    store_id,
    {{ columns }}
from main.period_uptime_as_of(as_of_at)
group by store_id
order by store_id;
{% endmacro %}
