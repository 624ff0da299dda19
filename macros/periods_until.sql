{# The periods that a report of that instant looks back on; `lengths` has a row of (period, length_us)
   for each. #}
{% macro periods_until(as_of_us, lengths) -%}
select
    period,
    {{ as_of_us }} - length_us as started_us,
    {{ as_of_us }} as ended_us,
from {{ lengths }}
{%- endmacro %}
