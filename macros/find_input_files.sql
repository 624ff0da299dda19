{# Brings inputs.files up to date with the folder. A file that is the same as before keeps its key
   and is not read again. Modification times are known to the second only, so a file that was
   listed within two seconds of being written is not trusted to be the same. A file with rows
   rejected as future is read again once the clock has caught up with them. #}
{% macro find_input_files() %}
    {% set found, files_found = [], [] %}
    {% for input, files in input_files_found().items() %}
        {% for file in files %}
            {% do found.append('(' ~ quoted(input) ~ ', ' ~ quoted(file) ~ ')') %}
            {% do files_found.append(quoted(file)) %}
        {% endfor %}
    {% endfor %}
    {% set polls = adapter.get_relation(target.database, 'intermediate', 'int_polls') %}
    {% do run_statements("
        create or replace temp table files_found (input varchar, file varchar);
        insert into files_found values " ~ found | join(', ') ~ ";

        create or replace temp table files_caught_up_with as
        " ~ ("
            select distinct file_key from " ~ polls ~ "
            where rejected_as = 'future_timestamp' and polled_us <= " ~ latest_poll_us() ~ "
        " if polls else "select null::integer as file_key where false") ~ ";

        create or replace temp table files_now as
        select
            files_found.input,
            files_found.file,
            blobs.size as size_bytes,
            epoch_us(blobs.last_modified) as modified_us,
        from files_found
        inner join read_blob([" ~ files_found | join(', ') ~ "]) as blobs
            on files_found.file = blobs.filename;

        create or replace temp table files_before as select input, file_key from inputs.files;

        create or replace table inputs.files as
        select
            files_now.input,
            files_now.file,
            coalesce(known.file_key, nextval('inputs.file_keys'))::integer as file_key,
            files_now.size_bytes,
            files_now.modified_us,
            coalesce(known.listed_us, " ~ build_clock_us() ~ ") as listed_us,
            known.file_key is null as is_new,
        from files_now
        left join inputs.files as known
            on known.input = files_now.input
            and known.file = files_now.file
            and known.size_bytes = files_now.size_bytes
            and known.modified_us = files_now.modified_us
            and known.modified_us < known.listed_us - 2000000
            and known.file_key not in (select file_key from files_caught_up_with)
        order by files_now.input, files_now.file;

        create or replace table inputs.removed_files as
        select file_key from files_before
        except
        select file_key from inputs.files;

        delete from inputs.malformed_rows where file_key in (select file_key from inputs.removed_files)
    ") %}
{% endmacro %}


{# {input: [file, …]}; an input without a file stops the build, unless it is optional. #}
{% macro input_files_found() %}
    {% set folder = (env_var('STORE_UPTIME_DATA', '') or 'seeds').rstrip('/') %}
    {% set escaped = folder | replace('[', '[[]') | replace('*', '[*]') | replace('?', '[?]') %}
    {% set found, globs = {}, [] %}
    {% for input, spec in input_columns().items() %}
        {% do found.update({input: []}) %}
        {% for name in spec.files %}
            {% for ending in ['.csv', '.csv.gz', '.parquet'] %}
                {% do globs.append(
                    'select ' ~ quoted(input) ~ ' as input, file from glob(' ~ quoted(escaped ~ '/' ~ name ~ '*' ~ ending) ~ ')'
                ) %}
            {% endfor %}
        {% endfor %}
    {% endfor %}
    {% for row in run_query(globs | join(' union ') ~ ' order by input, file').rows %}
        {% do found[row.input].append(row.file) %}
    {% endfor %}
    {% for input, spec in input_columns().items() if not found[input] and not spec.is_optional %}
        {% do stop_build(
            'no file ' ~ spec.files | join('*.csv or ') ~ '*.csv (or .csv.gz, .parquet) in the folder ' ~ folder
            ~ '. STORE_UPTIME_DATA names the folder with the inputs.'
        ) %}
    {% endfor %}
    {% do return(found) %}
{% endmacro %}


{# Polls later than this are dated in the future: a clock that is wrong by up to a day is let pass. #}
{% macro latest_poll_us() -%}
    {{ build_clock_us() }} + 86400000000
{%- endmacro %}
