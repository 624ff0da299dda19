{# A view per input in the schema `inputs`: the raw rows as text, under the same column names
   whatever the files are. Of the polls only the files that are new; of the small inputs all.
   A timestamp that is one already comes in microseconds, so that it need not be written out as
   text and parsed again.
   Numbering rows costs a pass in order, so polls are numbered in a view of their own, which has
   no files until it is known which of them have rejected rows; there all is text. #}
{% macro open_raw_inputs() %}
    {% do open_raw_input('store_status', 'store_status', 'is_new', is_numbered=false) %}
    {% do open_raw_input('store_status_numbered', 'store_status', 'false', is_numbered=true) %}
    {% for input in input_columns() if input != 'store_status' %}
        {% do open_raw_input(input ~ '_numbered', input, 'true', is_numbered=true) %}
    {% endfor %}
{% endmacro %}


{# pre-hook of the model that shows rejected polls. #}
{% macro open_rejected_polls() %}
    {% if execute %}
        {% do open_raw_input('store_status_numbered', 'store_status', "
            is_new and file_key in (
                select file_key from intermediate.int_polls where rejected_as is not null
            )
        ", is_numbered=true) %}
    {% endif %}
{% endmacro %}


{% macro open_raw_input(view, input, condition, is_numbered) %}
    {% set spec = input_columns()[input] %}
    {% set selects = [] %}
    {% for scan in csv_scans(files_to_read(input, false, condition), is_numbered)
                   + parquet_scans(files_to_read(input, true, condition)) %}
        {% do selects.append(raw_select(spec, scan, is_numbered)) %}
    {% endfor %}
    {% if not selects %}
        {% do selects.append(raw_select_of_nothing(spec, is_numbered)) %}
    {% endif %}
    {% do run_query('create or replace view inputs.' ~ view ~ ' as ' ~ selects | join(' union all ')) %}
{% endmacro %}


{% macro raw_select(spec, scan, is_numbered) %}
    select
        {% for name, spellings in spec.columns.items() %}
        {% set position = column_position(name, spellings, scan) %}
        {% set column = scan.columns[position] %}
        {% if name != 'timestamp_utc' or is_numbered %}
        cast({{ column }} as varchar) as {{ name }},
        {% elif scan.types[position].startswith('TIMESTAMP') %}
        null::varchar as {{ name }},
        epoch_us({{ column }}) as timestamp_us,
        {% else %}
        cast({{ column }} as varchar) as {{ name }},
        null::bigint as timestamp_us,
        {% endif %}
        {% endfor %}
        {{ scan.file_keys }}[cast(file_index as bigint) + 1] as file_key
        {{ ', ' ~ scan.row_number ~ ' as row_number' if is_numbered }}
    from {{ scan.source }}
{% endmacro %}


{# Gives the view its columns where no file is to be read. #}
{% macro raw_select_of_nothing(spec, is_numbered) %}
    select
        {% for name in spec.columns %}
        null::varchar as {{ name }},
        {{ 'null::bigint as timestamp_us,' if name == 'timestamp_utc' }}
        {% endfor %}
        null::integer as file_key
        {{ ', null::bigint as row_number' if is_numbered }}
    where false
{% endmacro %}


{% macro column_position(name, spellings, scan) %}
    {% for spelling in spellings if spelling in scan.names %}
        {% do return(scan.names.index(spelling)) %}
    {% endfor %}
    {% do stop_build(
        'no column ' ~ spellings | join(' or ') ~ ' in ' ~ scan.files[0]
        ~ ', whose columns are: ' ~ scan.names | join(', ') ~ '.'
    ) %}
{% endmacro %}


{# [{file, file_key}] of the files of an input of which the condition is true. #}
{% macro files_to_read(input, is_parquet, condition) %}
    {% set files = [] %}
    {% for row in run_query("
        select file, file_key from inputs.files
        where input = " ~ quoted(input) ~ " and ends_with(file, '.parquet') = " ~ is_parquet ~ "
            and (" ~ condition ~ ")
        order by file
    ").rows %}
        {% do files.append({'file': row.file, 'file_key': row.file_key | int}) %}
    {% endfor %}
    {% do return(files) %}
{% endmacro %}
