{# on-run-start. Takes the input files into the lake and lays out what the models read: the lake's views, the
   versions of files as they stand, and one row about this run. `dbt test` looks at what the last build made. #}
{% macro default__start_run() %}
    {% if execute and flags.WHICH == 'test' %}
        {% if not run_query(
            "select 1 from duckdb_tables() where database_name = current_database() and schema_name = 'build' and table_name = 'run'"
        ).rows %}
            {% do stop_build(target.path ~ ' has nothing to test so far; dbt build comes first.') %}
        {% endif %}
        {% do run_query(mark_tables_sql() ~ ';' ~ nodes_sql()) %}
    {% elif execute and flags.WHICH in ['build', 'run', 'seed'] %}
        {% do run_query(mark_tables_sql() ~ ';' ~ nodes_sql()) %}
        {% set loaded = load_inputs() %}
        {% do run_query(run_tables_sql(loaded) ~ ';' ~ lake_views_sql(loaded.lake)) %}
    {% endif %}
{% endmacro %}


{# What the loader says: in a function of the dbt-duckdb plugin, or, where an engine has no plugins, in the
   file that `python -m loader load` left before, for the same vars. #}
{% macro load_inputs() %}
    {% set vars = vars_as_json() %}
    {% set said = 'start_build(' ~ quoted(vars) ~ ')' if has_function('start_build')
        else '(select content from read_text(' ~ quoted(warehouse_folder() ~ '/lake/last_load.json') ~ '))' %}
    {% set loaded = fromjson(run_query('select ' ~ said).rows[0][0]) %}
    {% if loaded.get('error') %}
        {% do stop_build(loaded.error) %}
    {% elif tojson(loaded.vars, sort_keys=true) != vars %}
        {% do stop_build("the inputs were loaded for other vars; python -m loader load --vars '" ~ vars ~ "' loads them for these.") %}
    {% endif %}
    {% do return(loaded) %}
{% endmacro %}


{# The vars of this run. YAML makes an instant of one that stands there without quotes. #}
{% macro vars_as_json() %}
    {% set given = {} %}
    {% for name, value in (invocation_args_dict.get('vars') or {}).items() %}
        {% do given.update({name: value | string if value.isoformat is defined else value}) %}
    {% endfor %}
    {% do return(tojson(given, sort_keys=true)) %}
{% endmacro %}


{# Of the dbt-duckdb plugin; an engine without plugins has none. #}
{% macro has_function(name) %}
    {% do return(run_query(
        'select count(*) from duckdb_functions() where function_name = ' ~ quoted(name)
    ).rows[0][0] > 0) %}
{% endmacro %}


{% macro warehouse_folder() %}
    {% do return(target.path.rsplit('/', 1)[0] if '/' in target.path else '.') %}
{% endmacro %}


{% macro mark_tables_sql() %}
    set global TimeZone = 'UTC';
    create schema if not exists lake;
    create schema if not exists build;
    -- Of versions before, which kept their state there.
    drop schema if exists inputs cascade;
    drop table if exists build.worked_out;
    create table if not exists build.marks (
        name varchar, made_of varchar, own_text varchar, written_text varchar, project varchar,
        edition bigint, load bigint, as_of_us bigint, starts_us bigint, is_open boolean, read_as varchar
    );
    create table if not exists build.editions (
        edition bigint, lake_id varchar, load bigint, named_as_of_us bigint
    );
    create table if not exists build.schedules_seen (reader varchar, store_key integer, schedule varchar);
    create table if not exists build.published as select null::varchar as contents;
    create table if not exists build.poll_restarts (
        store_key integer, from_us bigint, restart_us bigint, previous_polled_us bigint, previous_is_active boolean,
        poll_number bigint
    );
    create table if not exists build.dirty_stores (reader varchar, store_key integer, from_us bigint)
{% endmacro %}


{# A new edition is whatever gives other rows under the same models: other files, another `as_of`. #}
{% macro run_tables_sql(loaded) %}
    create or replace table lake.versions as
    select * from read_parquet({{ quoted(loaded.lake ~ '/manifest.parquet') }}, hive_partitioning = false);

    create or replace table lake.notes as
    select * from read_parquet({{ quoted(loaded.lake ~ '/notes.parquet') }}, hive_partitioning = false);

    create or replace table build.run as
    select
        {{ quoted(loaded.lake_id) }} as lake_id,
        cast({{ loaded.load }} as bigint) as load,
        cast({{ loaded.pruned_load }} as bigint) as pruned_load,
        cast({{ loaded.clock_us }} as bigint) as clock_us,
        cast({{ loaded.named_as_of_us if loaded.named_as_of_us is not none else 'null' }} as bigint) as named_as_of_us,
        -- Polls after it play no part: a clock that is wrong by up to a day is let pass.
        least(clock_us + {{ clock_error_us() }}, coalesce(named_as_of_us, 9223372036854775807)) as limit_us,
        {{ quoted(tojson(loaded.vars)) }} as vars,
        {{ quoted(tojson(loaded.policy)) }} as policy,
        {{ loaded.is_experiment }} as is_experiment,
        {{ quoted(project_text()) }} as project;

    insert into build.editions
    select (select coalesce(max(edition), 0) + 1 from build.editions), lake_id, load, named_as_of_us
    from build.run
    where (lake_id, load, coalesce(named_as_of_us, 0)) is distinct from (
        select (lake_id, load, coalesce(named_as_of_us, 0)) from build.editions order by edition desc limit 1
    );

    -- Loads are counted anew in a lake that was made anew.
    update build.marks set load = 0
    where (select lake_id from build.run) <> (select made_of from build.marks where name = 'lake');

    delete from build.marks where name = 'lake';
    insert into build.marks
    select 'lake', lake_id, null, null, null, edition, load, null, null, false, null
    from build.editions
    order by edition desc
    limit 1
{% endmacro %}


{# All rows of an input in the lake, those of versions that are gone among them until they are pruned. #}
{% macro lake_views_sql(lake) %}
    {# DuckDB takes the path for a pattern. #}
    {% set folder = modules.re.sub('[\\[*?]', '[\\g<0>]', lake) %}
    {% for source in graph.sources.values() if source.schema == 'lake' and source.name not in ['versions', 'notes'] %}
    create or replace view lake.{{ source.name }} as
    select rows.*, versions.added_load, versions.removed_load
    from read_parquet({{ quoted(folder ~ '/' ~ source.name ~ '/*.parquet') }}, hive_partitioning = false) as rows
    inner join lake.versions as versions on rows.part_key = versions.part_key;
    {% endfor %}
{% endmacro %}


{# The macros and the vars of this run, in one word: what a table was made with that its own text does not show. #}
{% macro project_text() %}
    {% set macros = run_query("
        select md5(string_agg(content, ' ' order by filename)) from read_text('macros/**/*.sql')
    ").rows[0][0] %}
    {% do return(local_md5(macros ~ vars_as_json())) %}
{% endmacro %}
