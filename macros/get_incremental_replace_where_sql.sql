{# An incremental strategy: rows of which the predicates hold are replaced by the model's rows,
   in one transaction. #}
{% macro get_incremental_replace_where_sql(arg_dict) %}
    delete from {{ arg_dict.target_relation }} as target
    where {{ arg_dict.incremental_predicates | join(' and ') }};

    insert into {{ arg_dict.target_relation }} by name
    select * from {{ arg_dict.temp_relation }}
{% endmacro %}
