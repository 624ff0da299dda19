{# Brings inputs.files up to date with what was found. #}
{% macro take_input_files() %}
    {% do run_statements("
        create or replace table inputs.removed_files as
        select file_key from inputs.files
        where file_key not in (from files_now select file_key where file_key is not null);

        create or replace table inputs.files as
        select
            input,
            file,
            coalesce(file_key, nextval('inputs.file_keys'))::integer as file_key,
            size_bytes,
            modified_us,
            coalesce(listed_us, " ~ build_clock_us() ~ ") as listed_us,
            csv_dialect,
            file_key is null as is_new,
        from files_now
        order by input, file;

        delete from inputs.malformed_rows where file_key in (select file_key from inputs.removed_files)
    ") %}
{% endmacro %}
