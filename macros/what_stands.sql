{# Most builds bring polls alone. What reads nothing that has changed is as the last build left it and
   stands: seeds, views, and the tables that hang only on inputs that are the same, or on models whose
   rows turned out the same. What is found is kept in `graph`, which all nodes of a build share. #}
{% macro list_what_stands(keeps) %}
    {% set same, rows_before = [], {} %}
    {% set changed = inputs_that_changed() %}
    {% if keeps.timeline %}
        {% for source in graph.sources.values() %}
            {% set input = source.name.removesuffix('_numbered') %}
            {% if input in input_columns() and input not in ['store_status'] + changed
                or source.name == 'files_besides_polls' and not changed %}
                {% do same.append(source.unique_id) %}
            {% endif %}
        {% endfor %}
        {% for node in graph.nodes.values() if node.config.meta.may_stay_the_same %}
            {% do rows_before.update({node.unique_id: rows_as_number(node.schema ~ '.' ~ node.name)}) %}
        {% endfor %}
    {% endif %}
    {% do graph.update({
        'is_same_code': keeps.timeline,
        'has_same_inputs': keeps.timeline and not changed,
        'same': same,
        'rows_before': rows_before,
    }) %}
{% endmacro %}


{# For a build of a part of the project: it is built whatever stands. #}
{% macro nothing_stands() %}
    {% do graph.update({'is_same_code': false, 'has_same_inputs': false, 'same': [], 'rows_before': {}}) %}
{% endmacro %}


{# Those besides the polls that have a file more, less or otherwise than in the last build. #}
{% macro inputs_that_changed() %}
    {% do return(run_query("
        select distinct input
        from (
            (from files_before except select input, file_key from inputs.files)
            union all
            (select input, file_key from inputs.files except from files_before)
        )
        where input <> 'store_status'
    ").columns[0].values() | list) %}
{% endmacro %}


{# All rows of a relation in one number, whatever their order. #}
{% macro rows_as_number(relation) %}
    {% do return(run_query('select bit_xor(hash(rows))::varchar as number from ' ~ relation ~ ' as rows').rows[0].number) %}
{% endmacro %}


{# Whether the relation at hand is as the last build left it. A view is, unless it tells the build's
   clock or has the columns that inputs have; its rows are those of what it reads. #}
{% macro stands() %}
    {% if not graph.get('is_same_code') %}
        {% do return(false) %}
    {% endif %}
    {% set has_same_rows = [] %}
    {% for parent in model.depends_on.nodes if parent not in graph.same %}
        {% do has_same_rows.append(false) %}
    {% endfor %}
    {% if not has_same_rows and not model.config.meta.has_build_clock %}
        {% do graph.same.append(model.unique_id) %}
    {% endif %}
    {% if model.config.materialized == 'view' %}
        {% do return(graph.has_same_inputs and not model.config.meta.has_build_clock) %}
    {% endif %}
    {% do return(not has_same_rows) %}
{% endmacro %}


{# post-hook of models whose rows often stay the same though what they read has changed. #}
{% macro compare_rows() %}
    {% if execute and graph.get('is_same_code') and rows_as_number(this) == graph.rows_before[model.unique_id] %}
        {% do graph.same.append(model.unique_id) %}
    {% endif %}
{% endmacro %}
