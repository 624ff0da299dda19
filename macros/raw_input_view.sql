{% macro raw_input_view(view, input, files, is_numbered) %}
    {% set spec = input_columns()[input] %}
    {% set scans = csv_scans(input, files | rejectattr('is_parquet') | list, is_numbered)
                   + parquet_scans(input, files | selectattr('is_parquet') | list) %}
    {% set columns = {} %}
    {% do columns.update(spec.columns) %}
    {% if spec.takes_further_columns %}
        {% do columns.update(further_columns(spec, scans)) %}
    {% endif %}
    {% set selects = [raw_select_of_nothing(columns, is_numbered)] if not scans else [] %}
    {% for scan in scans %}
        {% do selects.append(raw_select(columns, spec, scan, is_numbered)) %}
    {% endfor %}
    {% do return('create or replace view inputs.' ~ view ~ ' as ' ~ selects | join(' union all ') ~ ';') %}
{% endmacro %}


{# {name: [spelling]} of the columns that no one has asked for, in all files together. A name that
   the models use themselves gets `given_` in front, and so does one that would come out the same. #}
{% macro further_columns(spec, scans) %}
    {% set known = spec.columns.values() | sum(start=[]) %}
    {% set further = {} %}
    {% for scan in scans %}
        {% for name in scan.names if name and name not in known %}
            {% set is_taken = modules.re.sub('^(given_)+', '', name) in names_of_models() %}
            {% do further.update({'given_' ~ name if is_taken else name: [name]}) %}
        {% endfor %}
    {% endfor %}
    {% do return(further) %}
{% endmacro %}


{# DuckDB copies a list of keys for each chunk of rows, and takes longer to plan a join. #}
{% macro raw_select(columns, spec, scan, is_numbered) %}
    {% set has_many_files = scan.file_keys | length > 100 %}
    select
        {% for name, spellings in columns.items() %}
        {% set is_optional = spec.takes_further_columns or name in spec.get('optional_columns', []) %}
        {% set position = column_position(name, spellings, scan, is_optional) %}
        {% set column = 'null' if position is none else 'raw.' ~ scan.columns[position] %}
        {% if name != 'timestamp_utc' or is_numbered %}
        cast({{ column }} as varchar) as {{ identifier(name) }},
        {% elif scan.types[position].startswith('TIMESTAMP') %}
        null::varchar as {{ name }},
        epoch_us({{ column }}) as timestamp_us,
        {% else %}
        cast({{ column }} as varchar) as {{ name }},
        null::bigint as timestamp_us,
        {% endif %}
        {% if name == 'timestamp_utc' %}
        {{ latest_poll_us() }} as latest_us,
        {% endif %}
        {% endfor %}
        {% if has_many_files %}
        files.file_key
        {% elif scan.file_keys | length == 1 %}
        {{ scan.file_keys[0] }} as file_key
        {% else %}
        {{ scan.file_keys }}[cast(raw.file_index as bigint) + 1] as file_key
        {% endif %}
        {{ ', ' ~ scan.row_number ~ ' as row_number' if is_numbered }}
    from {{ scan.source }} as raw
    {% if has_many_files %}
    inner join (
        select unnest({{ scan.file_keys }}) as file_key, unnest(range({{ scan.file_keys | length }})) as file_index
    ) as files on raw.file_index = files.file_index
    {% endif %}
{% endmacro %}


{# Gives the view its columns where no file is to be read. #}
{% macro raw_select_of_nothing(columns, is_numbered) %}
    select
        {% for name in columns %}
        null::varchar as {{ identifier(name) }},
        {{ 'null::bigint as timestamp_us, null::bigint as latest_us,' if name == 'timestamp_utc' }}
        {% endfor %}
        null::integer as file_key
        {{ ', null::bigint as row_number' if is_numbered }}
    where false
{% endmacro %}


{# Where the column stands; none for an optional one that is not there. #}
{% macro column_position(name, spellings, scan, is_optional) %}
    {% for spelling in spellings if spelling in scan.names %}
        {% set times = scan.names.count(spelling) %}
        {% if times > 1 %}
            {% do stop_build(
                'the column ' ~ spelling ~ ' comes ' ~ times ~ ' times in ' ~ scan.files[0] ~ '; once is expected.'
            ) %}
        {% endif %}
        {% set position = scan.names.index(spelling) %}
        {% if name == 'store_id' and scan.types[position] in ['FLOAT', 'DOUBLE'] %}
            {% do stop_build(
                'the column ' ~ spelling ~ ' in ' ~ scan.files[0] ~ ' is ' ~ scan.types[position]
                ~ ', which does not hold all ids exactly; write them as text or as whole numbers.'
            ) %}
        {% endif %}
        {% do return(position) %}
    {% endfor %}
    {% if is_optional and name != 'store_id' %}
        {% do return(none) %}
    {% endif %}
    {% do stop_build(
        'no column ' ~ spellings | join(' or ') ~ ' in ' ~ scan.files[0]
        ~ (', whose columns are: ' ~ scan.names | join(', ') ~ '.' if scan.names | join else ', whose first line is empty.')
    ) %}
{% endmacro %}
