{# on-run-end. Marks the build complete if every model was built, and publishes it if every test
   passed too. #}
{% macro close_build(results) %}
    {% if execute and flags.WHICH in ('build', 'run') and graph.get('is_whole') %}
        {% set failed = [] %}
        {% for result in results if result.status not in ('success', 'pass', 'warn', 'no-op') %}
            {% do failed.append(result.node.resource_type) %}
        {% endfor %}
        {% if 'model' not in failed and 'seed' not in failed %}
            {% set functions = functions_sql() %}
            {% do run_statements("
                update inputs.last_build
                set is_complete = true, as_of_us = horizon.as_of_us, starts_us = horizon.starts_us
                from intermediate.int_horizon as horizon;
            " ~ functions) %}
            {% if not failed and flags.WHICH == 'build' %}
                {% do publish_release(results, functions) %}
            {% endif %}
        {% endif %}
    {% elif execute and flags.WHICH == 'build' %}
        {{ log('A part of the project was built, so nothing is published', info=true) }}
    {% endif %}
{% endmacro %}
