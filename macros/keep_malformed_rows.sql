{# post-hook of the models that read CSV files: lines that do not parse are in a temporary table,
   which this connection alone sees. Several errors on a line are one row, as is a line that was read
   before. #}
{% macro keep_malformed_rows(input) %}
    {% set has_rejects = run_query("
        select count(*) from duckdb_tables() where table_name = 'reject_errors_" ~ input ~ "' and temporary
    ").columns[0].values()[0] if execute else 0 %}
    {% if has_rejects %}
        insert into inputs.malformed_rows
        select '{{ input }}', file_key, line, min(csv_line)
        from reject_errors_{{ input }}
        inner join reject_scans_{{ input }} as reject_scans using (scan_id, file_id)
        inner join inputs.files on files.file = reject_scans.file_path and files.input = '{{ input }}'
        group by file_key, line
        except
        from inputs.malformed_rows
    {% else %}
        select 1
    {% endif %}
{% endmacro %}
