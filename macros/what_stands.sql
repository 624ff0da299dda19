{# Most builds bring polls alone. What reads neither them nor the build's clock is then as the last
   build left it and stands: seeds, views, and the tables that hang only on inputs that are the same.
   The names are kept in `graph`, which all nodes of a build share, so that none needs a query. #}
{% macro list_what_stands(keeps) %}
    {% set standing = [] %}
    {% if keeps.timeline %}
        {% set changed = inputs_that_changed() %}
        {% set known = {} %}
        {% for node in graph.nodes.values() %}
            {% set materialized = node.config.materialized %}
            {% if materialized == 'seed'
                or materialized == 'view' and not changed and not node.config.meta.has_build_clock
                or materialized == 'table' and reads_the_same(node.unique_id, changed, known) %}
                {% do standing.append(node.name) %}
            {% endif %}
        {% endfor %}
    {% endif %}
    {% do graph.update({'standing': standing}) %}
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


{# Whether a node reads nothing but seeds and inputs other than polls that have not changed. #}
{% macro reads_the_same(unique_id, changed, known) %}
    {% if unique_id not in known %}
        {% if unique_id in graph.sources %}
            {% set input = graph.sources[unique_id].name.removesuffix('_numbered') %}
            {% do known.update({
                unique_id: input in input_columns() and input != 'store_status' and input not in changed
            }) %}
        {% else %}
            {% do known.update({unique_id: true}) %}
            {% for parent in graph.nodes[unique_id].depends_on.nodes if not reads_the_same(parent, changed, known) %}
                {% do known.update({unique_id: false}) %}
            {% endfor %}
        {% endif %}
    {% endif %}
    {% do return(known[unique_id]) %}
{% endmacro %}


{# Whether the relation at hand is as the last build left it. #}
{% macro stands() %}
    {% do return(model.name in graph.get('standing', [])) %}
{% endmacro %}
