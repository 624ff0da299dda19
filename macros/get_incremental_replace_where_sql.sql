{# An incremental strategy: rows of which one of the predicates holds are replaced by the model's rows,
   in one transaction. Each predicate has a statement of its own, so that DuckDB can pass over old rows. #}
{% macro get_incremental_replace_where_sql(arg_dict) %}
    {% for predicate in arg_dict.incremental_predicates %}
    delete from {{ arg_dict.target_relation }} as target
    where {{ predicate }};
    {% endfor %}

    insert into {{ arg_dict.target_relation }} by name
    select * from {{ arg_dict.temp_relation }}
{% endmacro %}
