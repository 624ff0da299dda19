{# Scans of CSV files that are written alike: one for all whose quotes are where they should be,
   since many scans take long to plan. Of others a scan has as many as DuckDB reads in parallel, since
   with more of them it no longer says that a quote is open at the end of a file, and the lines after
   it are lost.
   Rows that do not fit the header, are not UTF-8 or have unbalanced quotes are set aside by DuckDB;
   keep_malformed_rows picks them up, from tables of each input's own, as DuckDB mixes up the files
   of two queries that run at once and share one.
   A file that mixes line ends can only be read without being strict, so that values beyond the
   header are ignored there; with other values of new_line characters are lost, or rows. #}
{% macro csv_scans(input, files_to_scan, is_numbered) %}
    {% set scans = [] %}
    {% for group in csv_files_by_dialect(files_to_scan) %}
        {% set dialect, columns, types = group.dialect, [], [] %}
        {% for name in dialect.names %}
            {% do columns.append('c' ~ loop.index) %}
            {% do types.append("'c" ~ loop.index ~ "': 'VARCHAR'") %}
        {% endfor %}
        {% set files_of_a_scan = files_read_at_once() if dialect.has_odd_quotes else group.files | length %}
        {% for files in group.files | batch(files_of_a_scan) %}
            {% set source = "read_csv(
                " ~ list_of_paths(files) ~ ",
                auto_detect = false, header = false, skip = 1, columns = {" ~ types | join(', ') ~ "},
                delim = " ~ quoted(dialect.delimiter) ~ ", quote = '\"', escape = '\"',
                " ~ ("compression = 'gzip'," if dialect.is_packed) ~ "
                " ~ ("strict_mode = false, new_line = '\\n'," if dialect.mixes_line_ends) ~ "
                rejects_table = 'reject_errors_" ~ input ~ "', rejects_scan = 'reject_scans_" ~ input ~ "'
            )" %}
            {% do scans.append({
                'names': distinct_names(input, dialect.names),
                'columns': columns,
                'types': ['VARCHAR'] * columns | length,
                'files': files | map(attribute='file') | list,
                'file_keys': files | map(attribute='file_key') | list,
                'row_number': 'row_number() over ()' if files | length == 1 else 'number_of_all - number_before',
                'source': numbered_by_file(source) if is_numbered and files | length > 1 else source,
            }) %}
        {% endfor %}
    {% endfor %}
    {% do return(scans) %}
{% endmacro %}


{% macro files_read_at_once() %}
    {% do return(2 * run_query("select current_setting('threads')").columns[0].values()[0] | int) %}
{% endmacro %}


{# The rows of several files, which DuckDB reads in order: `number_of_all` goes through all of them,
   `number_before` is that of the last row before the file. Windows without an order need no sort. #}
{% macro numbered_by_file(source) %}
    (
        select
            *,
            max(case when is_first then number_of_all - 1 end) over (rows unbounded preceding) as number_before,
        from (
            select
                *,
                file_index,
                row_number() over () as number_of_all,
                coalesce(file_index <> lag(file_index) over (), true) as is_first,
            from {{ source }}
        )
    )
{% endmacro %}


{# [{dialect, files: [{file, file_key}]}], the files grouped by how they are written. #}
{% macro csv_files_by_dialect(files) %}
    {% set by_dialect = {} %}
    {% for file in files %}
        {% set group = by_dialect.setdefault(file.csv_dialect, {'dialect': fromjson(file.csv_dialect), 'files': []}) %}
        {% do group.files.append(file) %}
    {% endfor %}
    {% do return(by_dialect.values() | list) %}
{% endmacro %}
