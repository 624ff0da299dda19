{# Looks at the folder and lays out, in temporary tables, which file is the same as before: it keeps
   its key and is not read again. Modification times are known to the second only, so a file that was
   listed within two seconds of being written is not trusted to be the same. A file with rows
   rejected as future is read again once the clock has caught up with them.
   csv_dialect, a function of api/dbt_plugin.py, looks into each new CSV file; one that cannot be
   read to its end stops the build. #}
{% macro find_input_files() %}
    {% do list_files_found() %}
    {% set polls = adapter.get_relation(target.database, 'intermediate', 'int_polls') %}
    {% do run_statements("
        create or replace temp table files_caught_up_with as
        " ~ ("
            select distinct file_key from " ~ polls ~ "
            where is_active is null and store_key is not null and polled_us <= " ~ latest_poll_us() ~ "
        " if polls else "select null::integer as file_key where false") ~ ";

        set variable paths_found = (select list(" ~ literally('file') ~ ") from files_found);

        create or replace temp table files_now as
        select
            files_found.input,
            files_found.file,
            known.file_key,
            known.csv_dialect,
            blobs.size as size_bytes,
            epoch_us(blobs.last_modified) as modified_us,
            known.listed_us,
        from files_found
        inner join read_blob(getvariable('paths_found')) as blobs
            on files_found.file = blobs.filename
        left join inputs.files as known
            on known.input = files_found.input
            and known.file = files_found.file
            and known.size_bytes = blobs.size
            and known.modified_us = epoch_us(blobs.last_modified)
            and known.modified_us < known.listed_us - 2000000
            and known.file_key not in (select file_key from files_caught_up_with);

        update files_now set csv_dialect = csv_dialect(file)
        where file_key is null and not " ~ is_parquet('file') ~ "
    ") %}
    {% for damaged in run_query("
        select file, csv_dialect ->> 'damage' as damage from files_now
        where csv_dialect ->> 'damage' is not null
        order by file
    ").rows %}
        {% do stop_build('the file ' ~ damaged.file ~ ' cannot be read to its end: ' ~ damaged.damage ~ '.') %}
    {% endfor %}
{% endmacro %}


{# Lays out the files of each input; one without a file stops the build, unless it is optional. Names
   count whether in capitals or not. A file that is called like an input and cannot be read is named. #}
{% macro list_files_found() %}
    {% set folder = (env_var('STORE_UPTIME_DATA', '') or 'seeds').rstrip('/') %}
    {% set names = [] %}
    {% for input, spec in input_columns().items() %}
        {% for name in spec.files %}
            {% do names.append('(' ~ quoted(input) ~ ', ' ~ quoted(name) ~ ')') %}
        {% endfor %}
    {% endfor %}
    {% do run_statements("
        create or replace temp table files_called_like_inputs as
        select
            inputs.input,
            files.file,
            regexp_matches(lower(files.file), '[.](csv|csv[.]gz|parquet)$') as is_read,
        from glob(" ~ literally(quoted(folder)) ~ " || '/*') as files
        inner join (values " ~ names | join(', ') ~ ") as inputs (input, name)
            on starts_with(lower(parse_filename(files.file)), inputs.name);

        create or replace temp table files_found as
        select input, file from files_called_like_inputs where is_read
    ") %}
    {% set not_read = run_query(
        'select file from files_called_like_inputs where not is_read order by input, file'
    ).columns[0].values() %}
    {% if not_read %}
        {% do log('Not read, as inputs are files that end in .csv, .csv.gz or .parquet: ' ~ not_read | join(', '), info=true) %}
    {% endif %}
    {% set inputs_found = run_query('select distinct input from files_found').columns[0].values() %}
    {% for input, spec in input_columns().items() if input not in inputs_found and not spec.is_optional %}
        {% do stop_build(
            'no file ' ~ spec.files | join('*.csv or ') ~ '*.csv (or .csv.gz, .parquet) in the folder ' ~ folder
            ~ '. STORE_UPTIME_DATA names the folder with the inputs.'
        ) %}
    {% endfor %}
{% endmacro %}
