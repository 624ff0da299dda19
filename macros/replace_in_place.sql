{# A table that takes the place of the last one in one transaction. dbt's own builds it under
   another name, renames both and drops the old one: three times as many statements, for readers
   that there are none of beside a build. #}
{% materialization table, adapter='duckdb' %}
    {% do return(replace_in_place('table')) %}
{% endmaterialization %}


{# Likewise a view. #}
{% materialization view, adapter='duckdb' %}
    {% do return(replace_in_place('view')) %}
{% endmaterialization %}


{# A seed that has not changed is not loaded again. #}
{% materialization seed, adapter='duckdb' %}
    {% if load_cached_relation(this) is not none and stands() %}
        {% do store_result('agate_table', response='UNCHANGED') %}
        {% do return(keep(this.incorporate(type='table'))) %}
    {% endif %}
    {% do return(materialization_seed_default()) %}
{% endmaterialization %}


{% macro replace_in_place(type) %}
    {% set last = load_cached_relation(this) %}
    {% set relation = this.incorporate(type=type) %}
    {% if last is not none and last.type == type and stands() %}
        {% do return(keep(relation)) %}
    {% endif %}
    {{ run_hooks(pre_hooks) }}
    {% call statement('main') %}
        {% if last is not none %}
            drop {{ last.type }} {{ last }};
        {% endif %}
        {# Of the same code the contract holds already; to check it takes two more statements. #}
        {% if type == 'table' and graph.get('is_same_code') and config.get('contract').enforced %}
            create table {{ relation }} as {{ get_select_subquery(compiled_code) }}
        {% elif type == 'table' %}
            {{ create_table_as(false, relation, compiled_code) }}
        {% else %}
            {{ create_view_as(relation, compiled_code) }}
        {% endif %}
    {% endcall %}
    {{ run_hooks(post_hooks) }}
    {% do adapter.commit() %}
    {% do return({'relations': [relation]}) %}
{% endmacro %}


{% macro keep(relation) %}
    {% call noop_statement('main', 'UNCHANGED') %}{{ model.compiled_code }}{% endcall %}
    {% do return({'relations': [relation]}) %}
{% endmacro %}
