{# Incremental strategies: which rows of a table the model's rows replace. #}


{# By file: rows of versions that are gone, since a mark of the table. #}
{% macro get_incremental_replace_files_sql(arg_dict) %}
    delete from {{ arg_dict.target_relation }}
    where file_key in (
        select versions.file_key
        from lake.versions as versions
        inner join build.marks as marks on versions.removed_load > marks.load
        where marks.name = {{ quoted(arg_dict.target_relation.identifier) }}
    );
    {{ insert_rows(arg_dict) }}
{% endmacro %}


{# By store: what comes from the restart of a store on, and stores that are gone. #}
{% macro get_incremental_replace_notable_polls_sql(arg_dict) %}
    delete from {{ arg_dict.target_relation }} as target
    using build.poll_restarts as restarts
    where target.store_key = restarts.store_key and target.polled_us >= restarts.from_us;
    {{ insert_rows(arg_dict) }}
{% endmacro %}


{# By store: rows that end when, or after, the store is worked out again, and stores that are gone. #}
{% macro get_incremental_replace_stretches_sql(arg_dict) %}
    {{ delete_dirty_rows(arg_dict.target_relation, 'ended_us', 'dirty.from_us') }};
    {{ insert_rows(arg_dict) }}
{% endmacro %}


{# By store: the days on which the store is worked out again; the date in UTC is at most a day ahead of the
   local one. #}
{% macro get_incremental_replace_days_sql(arg_dict) %}
    {{ delete_dirty_rows(arg_dict.target_relation, 'local_day', day_of('dirty.from_us') ~ ' - 1') }};
    {{ insert_rows(arg_dict) }}
{% endmacro %}


{% macro delete_dirty_rows(relation, column, from) %}
    delete from {{ relation }} as target
    using build.dirty_stores as dirty
    where
        dirty.reader = {{ quoted(relation.identifier) }}
        and target.store_key = dirty.store_key
        and target.{{ column }} >= {{ from }};

    delete from {{ relation }}
    where store_key not in (
        select store_key from build.dirty_stores where reader = {{ quoted(relation.identifier) }}
    )
{% endmacro %}


{% macro insert_rows(arg_dict) %}
    insert into {{ arg_dict.target_relation }} by name
    select * from {{ arg_dict.temp_relation }}
{% endmacro %}
