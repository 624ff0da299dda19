{# As dbt's own, but a build with --empty has no rows, of which no data test is to say that they are lost. #}
{% macro duckdb__get_test_sql(main_sql, fail_calc, warn_if, error_if, limit) -%}
    {{ dbt.default__get_test_sql(main_sql, fail_calc, warn_if, error_if, 0 if flags.EMPTY else limit) }}
{%- endmacro %}
