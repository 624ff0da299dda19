{# on-run-end. A release is published when nothing failed in this run, no test that failed is left, and every table that
   readers get is current, whichever commands made it so. #}
{% macro default__end_run(results) %}
    {% if execute and results and flags.WHICH in ['build', 'run', 'test', 'seed'] and not has_rows_missing() %}
        {% do note_failed_tests(results) %}
        {% set waiting = nodes_not_current() %}
        {% if not waiting %}
            {% do run_query(functions_sql()) %}
            {% for row in run_query('select note from main.input_notes where is_told order by all').rows %}
                {{ log(row.note, info=true) }}
            {% endfor %}
        {% endif %}
        {% set waiting = waiting + failed_tests() %}
        {% set failed = results | rejectattr('status', 'in', ['success', 'pass', 'warn', 'no-op']) | list %}
        {% if not failed and not waiting and (flags.WHICH in ['build', 'run'] or is_news()) %}
            {% do publish_release() %}
            {% do run_query('create or replace table build.published as ' ~ contents_sql()) %}
        {% elif not failed and waiting %}
            {{ log('Nothing is published: ' ~ not_current(waiting) ~ '; dbt build makes it so.', info=true) }}
        {% endif %}
    {% endif %}
{% endmacro %}


{% macro not_current(waiting) %}
    {% do return(waiting[0] ~ ' is not current' ~ (', nor are ' ~ (waiting | length - 1) ~ ' more' if waiting | length > 1 else '')) %}
{% endmacro %}


{# Tests alone publish what was kept back because of them, once. #}
{% macro is_news() %}
    {% do return(run_query(
        'select (' ~ contents_sql() ~ ') is distinct from (select contents from build.published)'
    ).rows[0][0]) %}
{% endmacro %}


{% macro contents_sql() %}
    select md5(string_agg(name || ' ' || made_of || ' ' || coalesce(edition, 0), ';' order by name)) as contents
    from build.marks
{% endmacro %}


{# A test that failed has an open mark until it passes. #}
{% macro note_failed_tests(results) %}
    {% set tests = [] %}
    {% for result in results if result.node.resource_type == 'test' and result.status in ['pass', 'warn', 'fail', 'error'] %}
        {% do tests.append('(' ~ quoted(result.node.name) ~ ', ' ~ (result.status in ['fail', 'error']) ~ ')') %}
    {% endfor %}
    {% if tests %}
        {% do run_query("
            create or replace temporary table tests_run as
            select * from (values " ~ tests | join(', ') ~ ") as tests (name, has_failed);

            delete from build.marks where name in (select name from tests_run);
            insert into build.marks (name, is_open) select name, true from tests_run where has_failed
        ") %}
    {% endif %}
{% endmacro %}


{% macro failed_tests() %}
    {% set tests = ['null'] %}
    {% for node in graph.nodes.values() if node.resource_type == 'test' %}
        {% do tests.append(quoted(node.name)) %}
    {% endfor %}
    {% do return(run_query(
        'select name from build.marks where name in (' ~ tests | join(', ') ~ ') order by name'
    ).columns[0].values() | list) %}
{% endmacro %}


{# Copies what readers need into a new file beside the warehouse, then replaces the pointer to the newest. A release
   is never changed again; readers keep theirs until they ask anew. An experiment leaves the pointer where it is. #}
{% macro publish_release() %}
    {% set folder = warehouse_folder() %}
    {% set release = ('what_if-' if target.name == 'what_if' else '') ~ run_started_at.strftime('%Y%m%dT%H%M%S') ~ '-' ~ invocation_id[:8] %}
    {% set file = folder ~ '/releases/' ~ release ~ '.duckdb' %}
    {% set is_experiment = run_query('select is_experiment from build.run').rows[0][0] or target.name == 'what_if' %}
    {% set database = adapter.quote(target.database) %}
    {% do run_query("
        -- Writing no rows by partition is how DuckDB makes a folder.
        copy (select 1 as a, 2 as b where false) to " ~ quoted(folder ~ '/releases') ~ "
        (format csv, partition_by (a), overwrite_or_ignore);

        attach " ~ quoted(file) ~ " as release (storage_version 'v1.5.0');
        create schema release.intermediate;
        -- Nobody relies on the order of rows, and each thread writes those that it reads.
        set preserve_insertion_order = false;
        " ~ copies_for_readers() | join(';\n') ~ ";
        set preserve_insertion_order = true;
        use release;
        " ~ views_for_readers() | join(';\n') ~ ";
        " ~ functions_sql() ~ "
        use " ~ database ~ ";
        detach release;
    ") %}
    {% if is_experiment %}
        {{ log('Published ' ~ file ~ ' under its own name: it is an experiment.', info=true) }}
    {% else %}
        {% do publish_pointer(folder ~ '/current.json', "
            select struct_pack(
                release := " ~ quoted(release) ~ ",
                path := " ~ quoted('releases/' ~ release ~ '.duckdb') ~ ",
                as_of := strftime(make_timestamp(as_of_us), '%Y-%m-%dT%H:%M:%S.%fZ'),
                started_at := " ~ quoted(run_started_at.strftime('%Y-%m-%dT%H:%M:%S.%fZ')) ~ ",
                published_at := strftime(get_current_timestamp()::timestamp, '%Y-%m-%dT%H:%M:%S.%fZ'),
                vars := run.vars::json,
                policy := run.policy::json,
                lake_id := run.lake_id,
                load := run.load
            ) as said
            from intermediate.int_horizon
            cross join build.run
        ") %}
        {{ log('Published release ' ~ release, info=true) }}
    {% endif %}
{% endmacro %}


{# Makes a release the newest: SQL can replace neither a file nor the link current.duckdb whole, so that a
   function of the plugin does; without plugins there is no link. #}
{% macro publish_pointer(pointer, said) %}
    {% if has_function('publish_pointer') %}
        {% do run_query('select publish_pointer(' ~ quoted(pointer) ~ ', to_json(said)::varchar) from (' ~ said ~ ')') %}
    {% else %}
        {% do run_query('copy (select unnest(said) from (' ~ said ~ ')) to ' ~ quoted(pointer) ~ ' (format json)') %}
    {% endif %}
{% endmacro %}


{# The marts, and the tables that functions and views for readers stand on (meta: is_for_readers). #}
{% macro is_for_readers(node) %}
    {% do return(node.resource_type == 'model' and node.config.materialized not in ['ephemeral', 'table_function'] and (
        node.schema == target.schema or node.config.meta.get('is_for_readers', false)
    )) %}
{% endmacro %}


{# A view is copied as a table if readers lack what it stands on: a seed, for instance. #}
{% macro is_view_for_readers(node) %}
    {% if node.config.materialized != 'view' or not is_for_readers(node) or not node.depends_on.nodes %}
        {% do return(false) %}
    {% endif %}
    {% for parent in node.depends_on.nodes if not is_for_readers(graph.nodes.get(parent, {'resource_type': 'source'})) %}
        {% do return(false) %}
    {% endfor %}
    {% do return(true) %}
{% endmacro %}


{% macro copies_for_readers() %}
    {% set copies = [] %}
    {% for node in graph.nodes.values() if is_for_readers(node) and not is_view_for_readers(node) %}
        {% set name = node.schema ~ '.' ~ adapter.quote(node.alias) %}
        {% do copies.append('create table release.' ~ name ~ ' as from ' ~ name) %}
    {% endfor %}
    {% do return(copies) %}
{% endmacro %}


{# As DuckDB knows them, without the name of this database, one that stands on another behind it. #}
{% macro views_for_readers() %}
    {% set texts = {} %}
    {% for row in run_query('
        select schema_name, view_name, sql from duckdb_views()
        where database_name = current_database() and not internal
    ').rows %}
        {% do texts.update({row[0] ~ '.' ~ row[1]: row[2]}) %}
    {% endfor %}
    {% set views = [] %}
    {% for node in graph.nodes.values() if is_view_for_readers(node) %}
        {% do views.append((depth(node), texts[node.schema ~ '.' ~ node.alias])) %}
    {% endfor %}
    {% set statements, database = [], name_of_database() %}
    {% for depth, text in views | sort %}
        {% do statements.append(modules.re.sub(database, '\\1\\2', text.rstrip('; \n'))) %}
    {% endfor %}
    {% do return(statements) %}
{% endmacro %}


{# As a pattern. An alias may be called like the database, or end like it: only in front of a schema is it that. #}
{% macro name_of_database() %}
    {% set schemas = (graph.nodes.values() | list + graph.sources.values() | list) | map(attribute='schema') | unique | sort %}
    {% do return(
        '(^|[^\\w"])"?' ~ modules.re.escape(target.database) ~ '"?\\.("?(?:' ~ schemas | join('|') ~ ')"?\\.)'
    ) %}
{% endmacro %}


{% macro depth(node) %}
    {% set depths = [0] %}
    {% for parent in node.depends_on.nodes if parent in graph.nodes and is_view_for_readers(graph.nodes[parent]) %}
        {% do depths.append(1 + depth(graph.nodes[parent])) %}
    {% endfor %}
    {% do return(depths | max) %}
{% endmacro %}
