{# Figures of every store for [from_at, to_at), as known by now. The timeline ends at `as_of`. #}
{% macro uptime_between_sql() %}
create or replace macro main.uptime_between(from_at, to_at) as table
{{ figures_between(instant_given_us('from_at'), instant_given_us('to_at')) }};
{% endmacro %}
