{# The statements that make the table functions that readers call, in the catalog in use; `timestamp` is
   in UTC. #}
{% macro functions_sql() %}
    {% do return(
        uptime_between_sql() ~ explain_uptime_sql() ~ period_uptime_as_of_sql()
        ~ store_report_as_of_sql('store_report_minutes_as_of', report_columns('min', 60))
        ~ store_report_as_of_sql('store_report_mixed_as_of', report_columns('hours', 3600))
        ~ store_report_as_of_sql('store_report_minutes_all_as_of', all_report_columns('min', 60))
        ~ store_report_as_of_sql('store_report_mixed_all_as_of', all_report_columns('hours', 3600))
    ) %}
{% endmacro %}


{% macro store_report_as_of_sql(name, columns) %}
create or replace macro main.{{ name }}(as_of_at) as table
select
    store_id,
    {{ columns }}
from main.period_uptime_as_of(as_of_at)
group by store_id
order by store_id;
{% endmacro %}
