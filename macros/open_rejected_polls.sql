{# pre-hook of the model that shows rejected polls. #}
{% macro open_rejected_polls() %}
    {% if execute %}
        {% set files = listed_files("
            is_new and file_key in (
                select file_key from intermediate.int_polls where is_active is null
            )
        ") %}
        {% do run_statements(raw_input_view('store_status_numbered', 'store_status', files, is_numbered=true)) %}
    {% endif %}
{% endmacro %}
