{# Most builds bring polls alone. What reads nothing that has changed is as the last build left it and
   stands: seeds, views, and the tables that depend only on inputs that are the same, or on models whose
   rows turned out the same. What is found is kept in `graph`, which all nodes of a build share. #}
{% macro list_what_stands(keeps, changed, left_out) %}
    {% set same, rows_before = [], {} %}
    {% if keeps.timeline %}
        {% for source in graph.sources.values() %}
            {% set input = source.name.removesuffix('_numbered') %}
            {% if input in input_columns() and input not in ['store_status'] + changed
                or source.name == 'files_besides_polls' and not changed %}
                {% do same.append(source.unique_id) %}
            {% endif %}
        {% endfor %}
        {% for node in left_out | sort(attribute='resource_type', reverse=true) if node.schema != target.schema %}
            {% if has_same_parents(node, same) %}
                {% do same.append(node.unique_id) %}
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


{# Whether a build may leave these nodes out and is whole all the same: seeds, views and staging stand
   while nothing but polls has come. The selector `polls_alone` leaves them out. #}
{% macro stand_if_left_out(left_out, keeps, changed) %}
    {% set others = [] %}
    {% for node in left_out %}
        {% if not (node.resource_type == 'seed' or node.config.materialized == 'view' or node.schema == 'staging') %}
            {% do others.append(node.name) %}
        {% endif %}
    {% endfor %}
    {% do return(keeps.timeline and not changed and not others and not flags.EMPTY) %}
{% endmacro %}


{# For a build of a part of the project: it is built whatever stands. #}
{% macro nothing_stands() %}
    {% do graph.update({'is_same_code': false, 'has_same_inputs': false, 'same': [], 'rows_before': {}}) %}
{% endmacro %}


{# All rows of a relation in one number, whatever their order. #}
{% macro rows_as_number(relation) %}
    {% do return(run_query('select bit_xor(hash(rows))::varchar as number from ' ~ relation ~ ' as rows').rows[0].number) %}
{% endmacro %}


{# Whether the relation at hand is as the last build left it. A view is, unless an input may have other
   columns; its rows are those of what it reads. #}
{% macro stands() %}
    {% if not graph.get('is_same_code') %}
        {% do return(false) %}
    {% endif %}
    {% set has_same_rows = has_same_parents(model, graph.same) %}
    {% if has_same_rows %}
        {% do graph.same.append(model.unique_id) %}
    {% endif %}
    {% if model.config.materialized == 'view' %}
        {% do return(graph.has_same_inputs) %}
    {% endif %}
    {% do return(has_same_rows) %}
{% endmacro %}


{# A model that stands on no other may read a file, of which nobody knows whether it is the same. #}
{% macro has_same_parents(node, same) %}
    {% for parent in node.depends_on.nodes if parent not in same %}
        {% do return(false) %}
    {% endfor %}
    {% do return(node.resource_type == 'seed' or node.depends_on.nodes | length > 0) %}
{% endmacro %}
