{# What the project's macros in macros/build are on Spark. Nothing goes on from before, so that there are no marks: the
   tables of `build` say that no table has seen anything. #}


{% macro duckdbonspark__start_run() %}
    {% if execute and flags.WHICH in ['build', 'run', 'seed'] %}
        {% set loaded = adapter.said_of_inputs(vars_as_json()) %}
        {% if loaded.get('error') %}
            {% do stop_build(loaded.error) %}
        {% endif %}
        {% do adapter.forget_release() %}
        {% do adapter.begin_run(loaded) %}
        {% for statement in build_statements(loaded) + input_statements(loaded) %}
            {% do run_query(statement) %}
        {% endfor %}
    {% endif %}
{% endmacro %}


{# The lake as the loader has left it. Polls may lie in a folder of their own, with the columns that the lake has. #}
{% macro input_statements(loaded) %}
    {% set lake, polls = target.lake, target.polls %}
    {% set statements = ['create schema if not exists lake'] %}
    {% set manifest = adapter.file_relation(lake, 'manifest.parquet') %}
    {% do statements.append('create or replace view lake.notes as select * from ' ~ adapter.file_relation(lake, 'notes.parquet')) %}
    {% if polls %}
        {% do statements.append('create or replace view lake.versions as ' ~ versions_with_folder(manifest, polls, loaded)) %}
    {% else %}
        {% do statements.append('create or replace view lake.versions as select * from ' ~ manifest) %}
    {% endif %}
    {% for source in graph.sources.values() if source.schema == 'lake' and source.name not in ['versions', 'notes'] %}
        {% if polls and source.name == 'store_status' %}
            {% do statements.append('create or replace view lake.store_status as ' ~ polls_of_folder(polls, loaded)) %}
        {% else %}
            {% do statements.append('
                create or replace view lake.' ~ source.name ~ ' as
                select rows.*, versions.added_load, versions.removed_load
                from ' ~ adapter.file_relation(lake, source.name) ~ ' as rows
                inner join lake.versions as versions on rows.part_key = versions.part_key
            ') %}
        {% endif %}
    {% endfor %}
    {% do return(statements) %}
{% endmacro %}


{# The folder stands in place of all files of polls, under the key 0, which the loader gives to none. #}
{% macro versions_with_folder(manifest, polls, loaded) %}
    select
        file_key, input, file, size_bytes, modified_us, first_seen_us, loaded_at_us, place, rows, set_aside, part_key,
        added_load, removed_load
    from {{ manifest }}
    where input <> 'store_status'
    union all
    select
        0, 'store_status', '{{ polls | replace("\\", "\\\\") | replace("'", "\\'") }}', null, null,
        {{ loaded.clock_us }}, {{ loaded.clock_us }}, 1, (select count(*) from {{ adapter.file_relation(polls) }}), 0, 0,
        {{ loaded.load }}, null
{% endmacro %}


{# A row that cannot count shows as it stood. #}
{% macro polls_of_folder(polls, loaded) %}
    select
        0L as part_key,
        0L as file_key,
        cast(null as bigint) as line_number,
        1L as lines,
        cast(store_id as string) as store_id,
        cast(null as string) as set_aside_as,
        case
            when store_id is null or is_active is null or polled_us is null
                or polled_us not between {{ first_poll_us() }} and {{ loaded.clock_us }}
                then to_json(
                    named_struct('store_id', store_id, 'is_active', is_active, 'polled_us', polled_us),
                    map('ignoreNullFields', 'false')
                )
        end as raw_values,
        is_active,
        cast(polled_us as bigint) as polled_us,
        cast({{ loaded.load }} as bigint) as added_load,
        cast(null as bigint) as removed_load
    from {{ adapter.file_relation(polls) }}
{% endmacro %}


{% macro build_statements(loaded) %}
    {% set named = loaded.named_as_of_us if loaded.named_as_of_us is not none else 'null' %}
    {% set marks = ["('no table', cast(null as bigint), cast(null as bigint), cast(null as bigint))"] %}
    {% for node in graph.nodes.values() if node.resource_type == 'model' and node.config.materialized == 'incremental' %}
        {% set load = loaded.load if node.config.meta.get('is_never_made_again') else 'null' %}
        {% do marks.append("('" ~ node.name ~ "', cast(" ~ load ~ " as bigint), null, null)") %}
    {% endfor %}
    {% do return([
        'create schema if not exists build',
        "create or replace view build.run as
        select
            '" ~ loaded.lake_id ~ "' as lake_id,
            cast(" ~ loaded.load ~ " as bigint) as load,
            cast(" ~ loaded.pruned_load ~ " as bigint) as pruned_load,
            cast(" ~ loaded.clock_us ~ " as bigint) as clock_us,
            cast(" ~ named ~ " as bigint) as named_as_of_us,
            least(clock_us + " ~ clock_error_us() ~ ", coalesce(named_as_of_us, 9223372036854775807)) as limit_us,
            " ~ loaded.is_experiment ~ " as is_experiment",
        'create or replace view build.marks as
        select name, load, as_of_us, starts_us from values ' ~ marks | join(', ') ~ ' as marks (name, load, as_of_us, starts_us)',
        'create or replace view build.poll_restarts as
        select
            cast(null as int) as store_key, 0L as from_us, 0L as restart_us, 0L as previous_polled_us,
            false as previous_is_active, 0L as poll_number
        where false',
        "create or replace view build.dirty_stores as
        select cast(null as string) as reader, cast(null as int) as store_key, 0L as from_us where false",
        "create view if not exists build.schedules_seen as
        select cast(null as string) as reader, cast(null as int) as store_key, cast(null as string) as schedule where false",
    ]) %}
{% endmacro %}


{% macro duckdbonspark__note_schedules_seen() %}
{% endmacro %}


{% macro duckdbonspark__should_full_refresh() %}
    {% do return(true) %}
{% endmacro %}


{% macro duckdbonspark__open_mark() %}
{% endmacro %}


{# The days, which ask what the timeline shows, are of the same build as it. #}
{% macro duckdbonspark__close_mark() %}
    {% if execute and model.name == 'int_store_schedules' %}
    create or replace view build.schedules_seen as
    select 'int_store_timeline' as reader, store_key, schedule from {{ this }}
    {% endif %}
{% endmacro %}


{% macro duckdbonspark__note_poll_restarts() %}
{% endmacro %}


{% macro duckdbonspark__note_dirty_stores() %}
{% endmacro %}


{# Each row is looked at: there are many machines for it. #}
{% macro duckdbonspark__is_looked_at(store_id, rows_max) %}
    {% do return('true') %}
{% endmacro %}


{# What is to be published is written down when nothing failed in this run, no test that failed is left, and every table
   was made of the same, whichever commands made it. #}
{% macro duckdbonspark__end_run(results) %}
    {% if execute and results and flags.WHICH in ['build', 'run', 'test'] and not has_rows_missing() %}
        {% for result in results if result.node.resource_type == 'test' %}
            {% do adapter.note_test(result.node.name, result.status | string) %}
        {% endfor %}
        {% set failed = results | rejectattr('status', 'in', ['success', 'pass', 'warn', 'no-op']) | list %}
        {% if not failed and flags.WHICH != 'test' %}
            {% set waiting = adapter.not_current(graph.nodes.values() | list) %}
            {% if waiting %}
                {{ log('There is nothing to publish: ' ~ not_current(waiting) ~ '; a whole build makes it so.', info=true) }}
            {% else %}
                {% do note_release() %}
            {% endif %}
        {% endif %}
    {% endif %}
{% endmacro %}


{% macro note_release() %}
    {% for row in run_query('select note from main.input_notes where is_told order by input, kind, file').rows %}
        {{ log(row.note, info=true) }}
    {% endfor %}
    {% set tables, views = [], [] %}
    {% for node in graph.nodes.values() if is_for_readers(node) %}
        {% if is_view_for_readers(node) %}
            {% do views.append((depth(node), node.alias, node)) %}
        {% else %}
            {% do tables.append(node) %}
        {% endif %}
    {% endfor %}
    {% set file = adapter.write_release(tables, views | sort | map(attribute=2) | list, functions_sql(), {
        'release': run_started_at.strftime('%Y%m%dT%H%M%S') ~ '-' ~ invocation_id[:8],
        'started_at': run_started_at.strftime('%Y-%m-%dT%H:%M:%S.%fZ'),
    }) %}
    {{ log('Wrote ' ~ file ~ ', by which python -m api publish makes a release.', info=true) }}
{% endmacro %}
