{# Spans are joined week by week, so that the cost of the join stays linear in the length of the history.
   A pair meets in each week that both touch, and counts in the one in which its overlap begins. #}
{% macro each_week(started_us, ended_us) -%}
    unnest(range({{ week_of(started_us) }}, {{ week_of(ended_us) }} + 1))
{%- endmacro %}
