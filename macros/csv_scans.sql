{# Scans of CSV files that have the same header: of one file each where the rows are numbered within
   their file, else of as many as DuckDB reads in parallel, since with more of them it no longer says
   that a quote is open at the end of a file, and the lines behind it are lost.
   Rows that do not fit the header, are not UTF-8 or have unbalanced quotes are set aside by DuckDB;
   keep_malformed_rows picks them up, from tables of each input's own, as DuckDB mixes up the files
   of two queries that run at once and share one. #}
{% macro csv_scans(input, files_to_scan, is_numbered) %}
    {% set files_of_a_scan = 1 if is_numbered else 2 * run_query(
        "select current_setting('threads') as threads"
    ).columns[0].values()[0] | int %}
    {% set scans = [] %}
    {% for header in csv_headers(files_to_scan) %}
        {% set delimiter = csv_delimiter(header.line) %}
        {% set names, columns, types = [], [], [] %}
        {% for name in header.line.split(delimiter) %}
            {% do names.append(name | replace('"', '') | trim | lower) %}
            {% do columns.append('c' ~ loop.index) %}
            {% do types.append("'c" ~ loop.index ~ "': 'VARCHAR'") %}
        {% endfor %}
        {% for files in header.files | batch(files_of_a_scan) %}
            {% do scans.append({
                'names': names,
                'columns': columns,
                'types': ['VARCHAR'] * names | length,
                'files': files | map(attribute='file') | list,
                'file_keys': files | map(attribute='file_key') | list,
                'row_number': 'row_number() over ()',
                'source': "read_csv(
                    " ~ quoted_list(files) ~ ",
                    auto_detect = false, header = false, skip = 1, columns = {" ~ types | join(', ') ~ "},
                    delim = " ~ quoted(delimiter) ~ ", quote = '\"', escape = '\"',
                    rejects_table = 'reject_errors_" ~ input ~ "', rejects_scan = 'reject_scans_" ~ input ~ "'
                )",
            }) %}
        {% endfor %}
    {% endfor %}
    {% do return(scans) %}
{% endmacro %}


{% macro quoted_list(files) %}
    {% set quoted_files = [] %}
    {% for file in files %}
        {% do quoted_files.append(quoted_path(file.file)) %}
    {% endfor %}
    {% do return('[' ~ quoted_files | join(', ') ~ ']') %}
{% endmacro %}


{# [{line, files: [{file, file_key}]}], the files grouped by their first line. By default DuckDB
   reads 32 MB of each file for it. #}
{% macro csv_headers(rows) %}
    {% set by_line = {} %}
    {% for some in rows | batch(200) %}
        {% set first_lines = [] %}
        {% for row in some %}
            {% do first_lines.append("
                select " ~ quoted(row.file) ~ " as file, " ~ row.file_key ~ " as file_key, (
                    select line
                    from read_csv(
                        " ~ quoted_path(row.file) ~ ", auto_detect = false, columns = {'line': 'VARCHAR'}, header = false,
                        delim = '\x01', quote = '', escape = '', strict_mode = false, ignore_errors = true,
                        buffer_size = 65536, max_line_size = 65536
                    )
                    limit 1
                ) as line
            ") %}
        {% endfor %}
        {% for first in run_query(first_lines | join(' union all ')).rows %}
            {% set line = (first.line or '') | replace('\ufeff', '') | trim %}
            {% set header = by_line.setdefault(line, {'line': line, 'files': []}) %}
            {% do header.files.append({'file': first.file, 'file_key': first.file_key | int}) %}
        {% endfor %}
    {% endfor %}
    {% do return(by_line.values() | list) %}
{% endmacro %}


{% macro csv_delimiter(line) %}
    {% set counts = {} %}
    {% for delimiter in [',', ';', '\t', '|'] %}
        {% do counts.update({delimiter: line.count(delimiter)}) %}
    {% endfor %}
    {% do return((counts | dictsort(by='value') | last)[0] if counts.values() | sum else ',') %}
{% endmacro %}
