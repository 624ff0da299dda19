{# The inputs: how their files are called, and under which names each column may come. A folder has
   files of every input but the optional ones, and an optional column may be missing. #}
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
                'valid_from': ['valid_from'],
                'valid_to': ['valid_to'],
            },
            'optional_columns': ['valid_from', 'valid_to'],
        },
        'timezones': {
            'files': ['timezones'],
            'columns': {
                'store_id': ['store_id'],
                'timezone_str': ['timezone_str'],
            },
        },
        'special_hours': {
            'files': ['special_hours'],
            'is_optional': true,
            'columns': {
                'store_id': ['store_id'],
                'date': ['date', 'local_date'],
                'start_time_local': ['start_time_local', 'opening', 'opens'],
                'end_time_local': ['end_time_local', 'closing', 'closes'],
                'closed': ['closed', 'is_closed'],
            },
            'optional_columns': ['start_time_local', 'end_time_local', 'closed'],
        },
        'exclusions': {
            'files': ['exclusions'],
            'is_optional': true,
            'columns': {
                'store_id': ['store_id'],
                'from': ['from', 'from_utc', 'started_at'],
                'to': ['to', 'to_utc', 'ended_at'],
                'reason': ['reason'],
                'author': ['author'],
            },
            'optional_columns': ['reason', 'author'],
        },
        'stores': {
            'files': ['stores'],
            'is_optional': true,
            'columns': {
                'store_id': ['store_id'],
            },
            'takes_further_columns': true,
        },
        'uptime_targets': {
            'files': ['uptime_targets'],
            'is_optional': true,
            'columns': {
                'attribute': ['attribute'],
                'value': ['value'],
                'ratio': ['ratio', 'target'],
                'period': ['period'],
            },
            'optional_columns': ['value'],
        },
    }) %}
{% endmacro %}
