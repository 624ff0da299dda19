{# The inputs besides the polls that have a file more, less or otherwise than in the last build. #}
{% macro inputs_that_changed() %}
    {% do return(run_query("
        select input from files_now where file_key is null and input <> 'store_status'
        union
        select input from inputs.files
        where input <> 'store_status' and file_key not in (from files_now select file_key where file_key is not null)
    ").columns[0].values() | list) %}
{% endmacro %}
