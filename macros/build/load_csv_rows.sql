{# Seeds are read where the project is now: dbt remembers the folder in which it parsed them, which may
   since have been moved or copied, and does not quote it. #}
{% macro duckdb__load_csv_rows(model, agate_table) %}
    {% set file = model.original_file_path if model.package_name == project_name else adapter.get_seed_file_path(model) %}
    {% set sql = 'copy ' ~ this ~ ' from ' ~ quoted(file) ~ ' (format csv, header true, delimiter '
        ~ quoted(config.get('delimiter', ',')) ~ ')' %}
    {% do adapter.add_query(sql, abridge_sql_log=True) %}
    {% do return(sql) %}
{% endmacro %}
