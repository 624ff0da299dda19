{# One scan for all Parquet files of an input. A timestamp stays one, so that it need not be
   written out as text and parsed again; every other column is read as text. #}
{% macro parquet_scans(input) %}
    {% set files = files_to_read(input, true) %}
    {% if not files %}
        {% do return([]) %}
    {% endif %}
    {% set source = 'read_parquet(' ~ quoted_list(files) ~ ', union_by_name = true)' %}
    {% set names, columns = [], [] %}
    {% for column in run_query('describe select * from ' ~ source).rows %}
        {% set name = adapter.quote(column.column_name) %}
        {% do names.append(column.column_name | trim | lower) %}
        {% do columns.append(name if column.column_type.startswith('TIMESTAMP') else 'cast(' ~ name ~ ' as varchar)') %}
    {% endfor %}
    {% do return([{
        'names': names,
        'columns': columns,
        'files': files | map(attribute='file') | list,
        'file_keys': files | map(attribute='file_key') | list,
        'row_number': 'file_row_number + 1',
        'source': source,
    }]) %}
{% endmacro %}
