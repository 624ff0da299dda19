{# A misspelt name would leave the policy as it is, and dbt says nothing. #}
{% macro check_names_of_vars() %}
    {% for name in invocation_args_dict.vars or {} if name not in policy_names() %}
        {% do stop_build('there is no var ' ~ name ~ '; there are ' ~ policy_names() | join(', ') ~ '.') %}
    {% endfor %}
{% endmacro %}
