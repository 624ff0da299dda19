{# The number of a date written as 2026-12-24, counted from 1970-01-01; null if it is none. Parquet
   may have it as a timestamp at midnight. #}
{% macro local_day(column) -%}
    case
        when regexp_full_match({{ trimmed(column) }}, '\d{4}-\d\d-\d\d([T ]00:00(:00(\.0+)?)?)?')
            then date_diff('day', date '1970-01-01', try_cast(left({{ trimmed(column) }}, 10) as date))
    end
{%- endmacro %}
