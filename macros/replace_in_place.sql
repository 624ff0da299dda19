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


{% macro replace_in_place(type) %}
    {% set last = load_cached_relation(this) %}
    {% set relation = this.incorporate(type=type) %}
    {{ run_hooks(pre_hooks) }}
    {% call statement('main') %}
        {% if last is not none %}
            drop {{ last.type }} {{ last }};
        {% endif %}
        {% if type == 'table' %}
            {{ create_table_as(false, relation, compiled_code) }}
        {% else %}
            {{ create_view_as(relation, compiled_code) }}
        {% endif %}
    {% endcall %}
    {{ run_hooks(post_hooks) }}
    {% do adapter.commit() %}
    {% do return({'relations': [relation]}) %}
{% endmacro %}
