{# on-run-start. Lists the input files, decides what of the last build still holds,
   and lays out the schema `inputs` from which staging reads. #}
{% macro open_build() %}
    {% if execute and flags.WHICH in ('build', 'run') %}
        {% do run_statements(input_tables_sql() ~ '; begin transaction') %}
        {# A build that cannot begin, because an input lacks a column for instance, leaves all as it was. #}
        {% set state = last_build() %}
        {% set code = code_fingerprint() %}
        {% set keeps = what_still_holds(state, code) %}
        {% do check_names_of_vars() %}
        {# What the last build accepted needs no second look. #}
        {% if not keeps.timeline %}
            {% do check_policy() %}
        {% endif %}
        {% set left_out = nodes_left_out() %}
        {% if not left_out and not flags.EMPTY or not state.has_run %}
            {% do drop_what_no_longer_holds(keeps, left_out) %}
        {% endif %}
        {% do find_input_files() %}
        {% set changed = inputs_that_changed() %}
        {% set is_whole = not flags.EMPTY and (not left_out or stand_if_left_out(left_out, keeps, changed)) %}
        {% do graph.update({'is_whole': is_whole, 'left_out': left_out}) %}
        {% set is_part = not is_whole and state.has_run %}
        {% if not is_whole and invocation_args_dict.selector == 'polls_alone' %}
            {% do stop_build('more than polls has changed; build the whole project.') %}
        {% elif is_part and part_goes_on(state, code, left_out) %}
            {% do nothing_stands() %}
            {% do run_statements('update inputs.last_build set is_complete = false') %}
        {% else %}
            {% if is_part %}
                {# It starts afresh, and no later part goes on from it. #}
                {% set keeps, code = {'polls': false, 'timeline': false}, 'of a part' %}
                {% do drop_what_no_longer_holds(keeps, left_out) %}
                {% do find_input_files() %}
            {% endif %}
            {% do take_input_files() %}
            {% do open_raw_inputs() %}
            {% do list_what_stands(keeps, changed, left_out) %}
            {% do begin_build(state, code, keeps) %}
        {% endif %}
        {% do run_statements('commit') %}
    {% endif %}
{% endmacro %}


{% macro input_tables_sql() %}
    create schema if not exists inputs;
    create sequence if not exists inputs.file_keys;
    create table if not exists inputs.files (
        input varchar, file varchar, file_key integer,
        size_bytes bigint, modified_us bigint, listed_us bigint, is_new boolean
    );
    alter table inputs.files add column if not exists csv_dialect varchar;
    create table if not exists inputs.last_build (
        code varchar, policy varchar, as_of_us bigint, starts_us bigint, is_complete boolean
    );
    create table if not exists inputs.malformed_rows (
        input varchar, file_key integer, line_number bigint, raw_line varchar
    );
    create table if not exists inputs.removed_files (file_key integer);
    create or replace view inputs.files_besides_polls as from inputs.files where input <> 'store_status'
{% endmacro %}


{% macro last_build() %}
    {% set rows = run_query('select code, policy, as_of_us, starts_us, is_complete from inputs.last_build').rows %}
    {% if rows | length == 0 %}
        {% do return({'has_run': false, 'is_complete': false}) %}
    {% endif %}
    {% do return({
        'has_run': true, 'code': rows[0][0], 'policy': rows[0][1],
        'as_of_us': rows[0][2], 'starts_us': rows[0][3], 'is_complete': rows[0][4],
    }) %}
{% endmacro %}


{# The models and seeds that are not selected. #}
{% macro nodes_left_out() %}
    {% set left_out = [] %}
    {% for node in graph.nodes.values() if node.resource_type in ('model', 'seed') and node.config.enabled %}
        {% if node.unique_id not in selected_resources and not (flags.WHICH == 'run' and node.resource_type == 'seed') %}
            {% do left_out.append(node) %}
        {% endif %}
    {% endfor %}
    {% do return(left_out) %}
{% endmacro %}


{# Leaves for the models: the build's clock and what the last build knew. A build that dies
   from here on is not complete, and the next one starts afresh. #}
{% macro begin_build(state, code, keeps) %}
    {% set holds = keeps.timeline %}
    {% do run_statements("
        create or replace table inputs.build as
        select
            " ~ build_clock_us() ~ " as clock_us,
            " ~ ('true' if holds else 'false') ~ " as is_incremental,
            cast(" ~ (state.as_of_us if holds else 'null') ~ " as bigint) as previous_as_of_us,
            cast(" ~ (state.starts_us if holds else 'null') ~ " as bigint) as previous_starts_us;

        create or replace table inputs.removed_polls as
        " ~ ("
            select store_key, min(polled_us) filter (where is_active is not null) as polled_us
            from intermediate.int_polls
            where file_key in (select file_key from inputs.removed_files)
            group by store_key
        " if keeps.polls else "select null::integer as store_key, null::bigint as polled_us where false") ~ ";

        create or replace table inputs.store_keys_before as
        " ~ ("from intermediate.int_store_keys" if adapter.get_relation(target.database, 'intermediate', 'int_store_keys')
             else "select null::varchar as store_id, null::integer as store_key where false") ~ ";

        create or replace table inputs.schedules_before as
        " ~ ("select store_key, schedule from intermediate.int_schedules" if holds
             else "select null::integer as store_key, null::varchar as schedule where false") ~ ";

        create or replace view inputs.status_changes_before as
        " ~ ("
            select store_key, polled_us, previous_polled_us, poll_number, is_change from intermediate.int_status_changes
        " if holds else "
            select null::integer as store_key, null::bigint as polled_us, null::bigint as previous_polled_us,
                null::bigint as poll_number, null::boolean as is_change
            where false") ~ ";

        delete from inputs.last_build;
        insert into inputs.last_build values (
            '" ~ code ~ "', '" ~ policy_fingerprint() | replace("'", "''") ~ "', null, null, false
        )
    ") %}
{% endmacro %}
