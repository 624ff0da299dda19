{% macro policy_names() %}
    {% do return([
        'as_of', 'default_timezone', 'closes_at_midnight_from',
        'status_before_first_poll', 'status_when_never_polled', 'max_poll_gap', 'exclusions',
    ]) %}
{% endmacro %}
