{# Every table is made anew, and views are tables, too: Spark works a view out wherever it is read, with all views below
   it, which took minutes for the sample. Those that name and judge inputs stay views. #}


{% materialization table, adapter='duckdbonspark', supported_languages=['sql'] %}
    {{ return(made_anew()) }}
{% endmaterialization %}


{% materialization incremental, adapter='duckdbonspark', supported_languages=['sql'] %}
    {{ return(made_anew()) }}
{% endmaterialization %}


{% materialization view, adapter='duckdbonspark' %}
    {% do adapter.keep_text(this, compiled_code) %}
    {% set inputs = [] %}
    {% for parent in model.depends_on.nodes if parent.startswith('source.') or parent.startswith('seed.') %}
        {% do inputs.append(parent) %}
    {% endfor %}
    {% if is_for_readers(model) or inputs | length < model.depends_on.nodes | length %}
        {{ return(made_anew()) }}
    {% endif %}
    {% do adapter.forget_made(model) %}
    {% set made = create_or_replace_view() %}
    {% do note_made() %}
    {{ return(made) }}
{% endmaterialization %}


{% macro made_anew() %}
    {% set made = api.Relation.create(schema=this.schema, identifier=this.identifier, type='table') %}
    {% set before = load_relation(this) %}
    {% do adapter.forget_made(model) %}
    {{ run_hooks(pre_hooks) }}
    {% if before is not none %}
        {% do adapter.drop_relation(before) %}
    {% endif %}
    {% do adapter.remove_remains(made) %}
    {% call statement('main') %}
        {{ create_table_as(false, made, compiled_code) }}
    {% endcall %}
    {{ run_hooks(post_hooks) }}
    {% do note_made() %}
    {% do return({'relations': [made]}) %}
{% endmacro %}


{# With --empty or --sample it is not what its model says. #}
{% macro note_made() %}
    {% if not has_rows_missing() %}
        {% do adapter.note_made(model) %}
    {% endif %}
{% endmacro %}


{% macro duckdbonspark__create_table_as(temporary, relation, compiled_code, language='sql') %}
    create table {{ relation }} using parquet as
    {{ checked(compiled_code) }}
{% endmacro %}


{% macro duckdbonspark__create_view_as(relation, sql) %}
    create or replace view {{ relation }} as
    {{ checked(sql) }}
{% endmacro %}


{# The query as Spark's, of which the contract, if any, holds. #}
{% macro checked(sql) %}
    {% set said = adapter.translated(sql) %}
    {% if config.get('contract').enforced %}
        {% do adapter.check_contract(said, model.columns) %}
    {% endif %}
    {% do return(said) %}
{% endmacro %}


{# Rows of a seed go from here to the cluster, which need not see the project. #}
{% macro duckdbonspark__create_csv_table(model, agate_table) %}
    {% do adapter.forget_made(model) %}
    {% do adapter.remove_remains(this) %}
    {% do adapter.make_seed(this, agate_table, model.config.get('column_types', {})) %}
    {% do note_made() %}
    {% do return('') %}
{% endmacro %}


{% macro duckdbonspark__load_csv_rows(model, agate_table) %}
    {% do return('') %}
{% endmacro %}


{# Data tests are models' SQL, too. #}
{% macro duckdbonspark__get_test_sql(main_sql, fail_calc, warn_if, error_if, limit) %}
    {{ dbt.default__get_test_sql(adapter.translated(main_sql, true), fail_calc, warn_if, error_if, limit) }}
{% endmacro %}


{# What `dbt show` asks; data tests come by here, too, before they are translated. #}
{% macro duckdbonspark__get_limit_sql(sql, limit) %}
    {{ dbt.default__get_limit_sql(adapter.translated(sql) if flags.WHICH == 'show' else sql, limit) }}
{% endmacro %}
