{# [{input, file, quoted_path, file_key, csv_dialect, is_parquet}] of the input files of which the
   condition is true. #}
{% macro listed_files(condition) %}
    {% set files = [] %}
    {% for row in run_query("
        select
            input,
            file,
            concat('''', replace(" ~ literally('file') ~ ", '''', ''''''), '''') as quoted_path,
            file_key,
            csv_dialect,
            " ~ is_parquet('file') ~ " as is_parquet,
        from inputs.files
        where " ~ condition ~ "
        order by file
    ").rows %}
        {% do files.append({
            'input': row.input, 'file': row.file, 'quoted_path': row.quoted_path,
            'file_key': row.file_key | int, 'csv_dialect': row.csv_dialect, 'is_parquet': row.is_parquet,
        }) %}
    {% endfor %}
    {% do return(files) %}
{% endmacro %}
