{# post-hook of int_polls. Polls whose store int_store_spellings does not name were loaded without a key.
   Their files are read again for them, the stores get keys, and only what has no store id is left
   without one. #}
{% macro load_polls_of_late_stores() %}
    {% set files = listed_files("
        is_new and file_key in (select file_key from intermediate.int_polls where store_key is null)
    ") if execute else [] %}
    {% if files %}
        {% do run_statements(raw_input_view('store_status', 'store_status', files, is_numbered=false) ~ "
            create or replace temp table late_polls as
            select polls.*
            from staging.stg_store_status as polls
            anti join intermediate.int_store_spellings as spellings on polls.spelling = spellings.spelling;

            create or replace temp table late_stores as
            with spellings as (
                select distinct spelling, " ~ trimmed('spelling') ~ " as store_id
                from late_polls
                where " ~ trimmed('spelling') ~ " <> ''
            ),

            keyed as (
                " ~ keys_of_stores('spellings', 'intermediate.int_store_spellings') ~ "
            )

            select spellings.spelling, spellings.store_id, keyed.store_key, false as is_in_other_inputs
            from spellings
            inner join keyed on spellings.store_id = keyed.store_id;

            delete from intermediate.int_polls
            where store_key is null and file_key in (select file_key from late_polls);

            insert into intermediate.int_polls by name
            " ~ polls_with_keys('late_polls', 'late_stores') ~ ";

            insert into intermediate.int_store_spellings by name from late_stores
        ") %}
    {% endif %}
{% endmacro %}
