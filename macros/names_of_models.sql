{% macro names_of_models() %}
    {% do return([
        'timezone', 'is_timezone_given', 'has_business_hours', 'is_always_open', 'first_polled_at', 'last_polled_at',
        'last_status', 'file_key', 'row_number', 'file', 'store_key', 'rejected_as', 'raw_values',
        'none', 'store', 'all', 'store_of_group', 'raw_rows',
    ]) %}
{% endmacro %}
