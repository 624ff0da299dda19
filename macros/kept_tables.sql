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


{% macro drop_what_no_longer_holds(keeps) %}
    {% set stale = [] %}
    {% if not keeps.timeline %}
        {% do stale.extend(kept_tables().timeline) %}
    {% endif %}
    {% if not keeps.polls %}
        {% do stale.extend(kept_tables().polls) %}
        {% do run_statements('delete from inputs.files; delete from inputs.malformed_rows') %}
    {% endif %}
    {% for name in stale %}
        {% set relation = adapter.get_relation(target.database, 'intermediate', name) %}
        {% if relation %}
            {% do adapter.drop_relation(relation) %}
        {% endif %}
    {% endfor %}
{% endmacro %}
