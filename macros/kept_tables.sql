{# The tables that a build goes on from: those of the polls alone, and those that depend on the policy, too. #}
{% macro kept_tables() %}
    {% do return({
        'polls': ['int_store_keys', 'int_polls', 'int_poll_minutes', 'int_rejected_polls'],
        'timeline': [
            'int_status_changes', 'int_status_runs', 'int_store_timeline', 'int_store_days', 'int_outages',
        ],
    }) %}
{% endmacro %}


{% macro what_still_holds(state, code) %}
    {% set missing = [] %}
    {% for name in kept_tables().polls + kept_tables().timeline + ['int_schedules', 'int_horizon_days'] %}
        {% if not adapter.get_relation(target.database, 'intermediate', name) %}
            {% do missing.append(name) %}
        {% endif %}
    {% endfor %}
    {% set same_code = state.is_complete and state.code == code and not flags.FULL_REFRESH %}
    {% set polls = same_code and not missing %}
    {% do return({'polls': polls, 'timeline': polls and state.policy == policy_fingerprint()}) %}
{% endmacro %}


{# What the numbers depend on besides the inputs and the policy: the models and their contracts,
   macros, seeds, and the project's configuration. #}
{% macro code_fingerprint() %}
    {% set files = [
        'dbt_project.yml', 'models/**/*.yml', 'models/**/*.sql', 'macros/**/*.sql', 'seeds/**/*.yml'
    ] %}
    {# Not all files of the folder: the sample inputs are read as inputs. #}
    {% for node in graph.nodes.values() if node.resource_type == 'seed' and node.package_name == project_name %}
        {% do files.append(node.original_file_path) %}
    {% endfor %}
    {% set rows = run_query("
        select md5(string_agg(filename || md5(content), ' ' order by filename))
        from read_text(['" ~ files | join("', '") ~ "'])
    ").rows %}
    {% do return(rows[0][0]) %}
{% endmacro %}


{% macro policy_fingerprint() %}
    {% set parts = [] %}
    {% for name in names_of_vars() %}
        {% do parts.append(name ~ '=' ~ var(name, none)) %}
    {% endfor %}
    {% do return(parts | join(' ')) %}
{% endmacro %}


{# Drops what the build does not go on from; what is left out of a part of a build stays as it is. #}
{% macro drop_what_no_longer_holds(keeps, left_out) %}
    {% set stale = [] %}
    {% if not keeps.timeline %}
        {% do stale.extend(kept_tables().timeline) %}
    {% endif %}
    {% if not keeps.polls %}
        {% do stale.extend(kept_tables().polls) %}
        {% do run_statements('delete from inputs.files; delete from inputs.malformed_rows') %}
    {% endif %}
    {% for name in stale if name not in left_out | map(attribute='name') %}
        {% set relation = adapter.get_relation(target.database, 'intermediate', name) %}
        {% if relation %}
            {% do adapter.drop_relation(relation) %}
        {% endif %}
    {% endfor %}
{% endmacro %}


{# Whether a part of a build goes on from the last build. One that has none of the kept tables does. One
   that has some, and all that they stand on, starts afresh, from the files as they are. Between them
   are tables that hold no more than the last change: what stands on those goes on from the last build,
   if that was of the same models and policy, and cannot load files, which it has loaded. #}
{% macro part_goes_on(state, code, left_out) %}
    {% set loading = ['int_polls', 'int_poll_minutes', 'int_rejected_polls'] %}
    {% set is_same = state.code == code and state.policy == policy_fingerprint() and not flags.FULL_REFRESH %}
    {% set all_kept = kept_tables().polls + kept_tables().timeline %}
    {% set kept = all_kept | reject('in', left_out | map(attribute='name') | list) | list %}
    {% set missing = left_out | selectattr('schema', 'equalto', 'intermediate') | map(attribute='unique_id') | list %}
    {% set going_on = [] %}
    {% for name in kept if what_it_stands_on(name) | select('in', missing) | list %}
        {% do going_on.append(name) %}
    {% endfor %}
    {% if going_on and (not is_same or kept | select('in', loading) | list) %}
        {% do stop_build(
            'this part of a build cannot go on from the last build, since it loads polls, or models or policy are '
            ~ 'other ones; select +' ~ going_on[0] ~ ' as well, or build the whole project.'
        ) %}
    {% endif %}
    {% do return(going_on or not kept) %}
{% endmacro %}


{# The nodes that a model stands on, itself included. #}
{% macro what_it_stands_on(name) %}
    {% set found = graph.nodes.values() | selectattr('name', 'equalto', name) | map(attribute='unique_id') | list %}
    {% for id in found if id in graph.nodes %}
        {% for parent in graph.nodes[id].depends_on.nodes if parent not in found %}
            {% do found.append(parent) %}
        {% endfor %}
    {% endfor %}
    {% do return(found) %}
{% endmacro %}
