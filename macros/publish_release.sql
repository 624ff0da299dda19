{# Copies what readers need into a new file beside the warehouse, then replaces the pointer
   current.json. A release is never changed again; readers keep theirs until they ask anew. #}
{% macro publish_release(results, functions) %}
    {% set named_vars = {} %}
    {% for name, value in (invocation_args_dict.vars or {}).items() %}
        {% do named_vars.update({name: value if value is none or value is number else value | string}) %}
    {% endfor %}
    {% set policy = {} %}
    {% for name in policy_names() %}
        {% do policy.update({name: var(name) if var(name) is none or var(name) is number else var(name) | string}) %}
    {% endfor %}
    {% set folder = target.path.rsplit('/', 1)[0] if '/' in target.path else '.' %}
    {% set release = run_started_at.strftime('%Y%m%dT%H%M%S') ~ '-' ~ invocation_id[:8] %}
    {% set file = folder ~ '/releases/' ~ release ~ '.duckdb' %}
    {% do keep_views(results) %}
    {% set copies = [] %}
    {% for node in graph.nodes.values() if is_table_for_readers(node) %}
        {% set name = node.schema ~ '.' ~ node.alias %}
        {% do copies.append('create table release.' ~ name ~ ' as from ' ~ name) %}
    {% endfor %}
    {% do copies.append('use release') %}
    {% for view in run_query('select name, sql from inputs.views order by place').rows %}
        {% do copies.append('create view ' ~ view.name ~ ' as ' ~ view.sql) %}
    {% endfor %}
    {% do copies.append('use ' ~ adapter.quote(target.database)) %}
    {# Writing no rows by partition is how DuckDB makes a folder. #}
    {% do run_statements("
        copy (select 1 as a, 2 as b where false) to " ~ quoted(folder ~ '/releases') ~ "
        (format csv, partition_by (a), overwrite_or_ignore);

        attach " ~ quoted(file) ~ " as release (storage_version 'v1.5.0');
        create schema release.intermediate;
        -- Nobody relies on the order of rows, and each thread writes those that it reads.
        set preserve_insertion_order = false;
        " ~ copies | join(';\n') ~ ";
        set preserve_insertion_order = true;
        -- From then on polls that were rejected as future count.
        create table release.main.input_files as
        with future_polls as (
            select file_key, min(polled_us) - " ~ clock_error_us() ~ " as counts_from_us
            from intermediate.int_polls
            where is_active is null and store_key is not null
            group by file_key
        )

        select files.* exclude (is_new, csv_dialect), future_polls.counts_from_us
        from inputs.files
        left join future_polls on files.file_key = future_polls.file_key;

        use release;
        " ~ functions ~ "
        use " ~ adapter.quote(target.database) ~ ";
        detach release;

        copy (
            select
                " ~ quoted(release) ~ " as release,
                " ~ quoted('releases/' ~ release ~ '.duckdb') ~ " as path,
                strftime(make_timestamp(as_of_us), '%Y-%m-%dT%H:%M:%S.%fZ') as as_of,
                " ~ quoted(run_started_at.strftime('%Y-%m-%dT%H:%M:%S.%fZ')) ~ " as started_at,
                strftime(get_current_timestamp()::timestamp, '%Y-%m-%dT%H:%M:%S.%fZ') as published_at,
                " ~ quoted(tojson(named_vars)) ~ "::json as vars,
                " ~ quoted(tojson(policy)) ~ "::json as policy
            from intermediate.int_horizon
        ) to " ~ quoted(folder ~ '/current.json') ~ " (format json)
    ") %}
    {{ log('Published release ' ~ release, info=true) }}
{% endmacro %}


{# The marts, and the tables that their views stand on. #}
{% macro is_for_readers(node) %}
    {% set is_relation = node.resource_type == 'model' and node.config.materialized != 'ephemeral' %}
    {% do return(is_relation and (node.schema == target.schema or node.name in readers_tables())) %}
{% endmacro %}


{# A view is copied as a table if readers lack what it stands on: a seed, for instance, or a file. #}
{% macro is_table_for_readers(node) %}
    {% if is_for_readers(node) and node.config.materialized == 'view' %}
        {% for parent in node.depends_on.nodes if not is_for_readers(graph.nodes.get(parent, {})) %}
            {% do return(true) %}
        {% endfor %}
        {% do return(not node.depends_on.nodes) %}
    {% endif %}
    {% do return(is_for_readers(node)) %}
{% endmacro %}


{# Keeps the SQL of the readers' views, in the order in which one stands on another: a build that leaves
   them out has none to show. #}
{% macro keep_views(results) %}
    {% set views = [] %}
    {% for result in results if is_for_readers(result.node) and not is_table_for_readers(result.node) %}
        {% set sql = result.node.compiled_code | replace(adapter.quote(target.database) ~ '.', '') %}
        {% do views.append('(' ~ [
            loop.index, quoted(result.node.schema ~ '.' ~ result.node.alias), quoted(sql)
        ] | join(', ') ~ ')') %}
    {% endfor %}
    {% if not graph.left_out %}
        {% do run_statements(
            'create or replace table inputs.views as from (values ' ~ views | join(', ') ~ ') as views (place, name, sql)'
        ) %}
    {% endif %}
{% endmacro %}


{% macro readers_tables() %}
    {% do return([
        'int_horizon', 'int_store_keys', 'int_store_timeline', 'int_time_ahead', 'int_store_days', 'int_store_offsets',
        'int_status_runs', 'int_outages', 'int_recent_polls', 'int_recent_runs', 'int_recent_open_time', 'int_exclusions',
        'int_weekly_hours', 'int_uptime_targets', 'int_compared_policies', 'int_uptime_by_gap', 'int_window_parts',
        'int_edge_hours', 'int_confirmed_when_closed', 'int_group_outages', 'int_common_moments',
    ]) %}
{% endmacro %}
