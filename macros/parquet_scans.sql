{# One scan for all of the Parquet files that have the same columns: under one for all, how a
   number is written out as text would depend on the other files. A column of the file that is called
   like one of those in which DuckDB tells the file and the row stands in its place; such a file has a
   scan of its own, so that neither is needed. #}
{% macro parquet_scans(input, files_to_scan) %}
    {% set scans = [] %}
    {% for files in parquet_files_by_columns(files_to_scan) %}
        {% set source = 'read_parquet(' ~ list_of_paths(files) ~ ', union_by_name = true)' %}
        {% set names, columns, types = [], [], [] %}
        {% for column in run_query('describe select * from ' ~ source).rows %}
            {% do names.append(column.column_name | trim | lower) %}
            {% do columns.append(identifier(column.column_name)) %}
            {% do types.append(column.column_type) %}
        {% endfor %}
        {% do scans.append({
            'names': distinct_names(input, names),
            'columns': columns,
            'types': types,
            'files': files | map(attribute='file') | list,
            'file_keys': files | map(attribute='file_key') | list,
            'row_number':
                'row_number() over ()' if names_of_duckdb() | select('in', names) | list else 'file_row_number + 1',
            'source': source,
        }) %}
    {% endfor %}
    {% do return(scans) %}
{% endmacro %}


{% macro names_of_duckdb() %}
    {% do return(['file_index', 'file_row_number']) %}
{% endmacro %}


{# [[{file, file_key}]], the files grouped by the names and types of their columns. #}
{% macro parquet_files_by_columns(files) %}
    {% set by_columns = {} %}
    {% if files %}
        {% set columns_of_files = {} %}
        {% for row in run_query("
            select
                file_name,
                string_agg(name || ' ' || duckdb_type, ', ' order by name)
                || case
                    when bool_or(lower(trim(name)) in ('" ~ names_of_duckdb() | join("', '") ~ "')) then ' of ' || file_name
                    else ''
                end as columns
            from parquet_schema(" ~ list_of_paths(files) ~ ")
            where duckdb_type is not null
            group by file_name
        ").rows %}
            {% do columns_of_files.update({row.file_name: row['columns']}) %}
        {% endfor %}
        {% for file in files %}
            {% do by_columns.setdefault(columns_of_files.get(file.file), []).append(file) %}
        {% endfor %}
    {% endif %}
    {% do return(by_columns.values() | list) %}
{% endmacro %}
