{# The inputs: how their files are called, and under which names each column may come. #}
{% macro input_columns() %}
    {% do return({
        'store_status': {
            'files': ['store_status'],
            'columns': {
                'store_id': ['store_id'],
                'status': ['status'],
                'timestamp_utc': ['timestamp_utc'],
            },
        },
        'business_hours': {
            'files': ['business_hours', 'menu_hours'],
            'columns': {
                'store_id': ['store_id'],
                'day': ['dayofweek', 'day'],
                'start_time_local': ['start_time_local'],
                'end_time_local': ['end_time_local'],
            },
        },
        'timezones': {
            'files': ['timezones'],
            'columns': {
                'store_id': ['store_id'],
                'timezone_str': ['timezone_str'],
            },
        },
    }) %}
{% endmacro %}
